//! From the command line to an exit code.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches};
use directories::ProjectDirs;

use super::compose::{self, Session};
use super::event_loop::{self, Cockpit};
use super::headless::{self, Kind};
use super::signals::{Ending, Signals};
use super::stage;
use super::telemetry;
use super::terminal::{Answers, Questions, Surroundings, Tui};
use crate::adapters::kubernetes::contexts;
use crate::cli::{Cli, Command, Options, Printed};
use crate::config::example::example;
use crate::config::load::{Overrides, Shows, load};
use crate::config::{Colors, Loaded, Origin, Settings, Theme};
use crate::domain::catalog::{Catalog, Environment};
use crate::domain::lock::LockKind;
use crate::domain::words;
use crate::report::Report;

/// Runs the program.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let parsed = Cli::command().try_get_matches_from(arguments).and_then(|matches| {
        let mut cli = Cli::from_arg_matches(&matches)?;
        cli.options.origins = origins(&matches);
        Ok(cli)
    });
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output and are no errors; the rest exits with 2.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Report::USAGE));
        }
    };
    match command(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(report) => {
            let _ = writeln!(std::io::stderr(), "shipdeck: {report}");
            ExitCode::from(report.exit_code())
        }
    }
}

fn command(cli: &Cli) -> Result<(), Report> {
    if let Some(path) = &cli.options.log_file {
        telemetry::log_to(path)?;
    }
    if cli.options.context.len() > 1 && !matches!(cli.command, Some(Command::Init { .. })) {
        return Err(Report::usage("--context is given twice").hint("Only init looks in several; name one."));
    }
    match &cli.command {
        None => cockpit(&cli.options, None),
        Some(Command::Demo { seed }) => cockpit(&cli.options, Some(*seed)),
        Some(Command::Check { live }) => check(&cli.options, *live),
        Some(Command::Status { env, json }) => {
            looking(&cli.options, |session| headless::status(session, env.as_deref(), *json))
        }
        Some(Command::Plan(target)) => headless(&cli.options, |session| headless::deploy(session, target, Kind::Plan)),
        Some(Command::Deploy(target)) => {
            headless(&cli.options, |session| headless::deploy(session, target, Kind::Deploy))
        }
        Some(Command::Promote(target)) => {
            headless(&cli.options, |session| headless::deploy(session, target, Kind::Promote))
        }
        Some(Command::Rollback(args)) => headless(&cli.options, |session| headless::rollback(session, args)),
        Some(Command::Runs { json }) => headless(&cli.options, |session| headless::list_runs(session, *json)),
        Some(Command::Resume(args)) => headless(&cli.options, |session| headless::resume(session, args)),
        Some(Command::Abort(args)) => headless(&cli.options, |session| headless::abort(session, args)),
        Some(Command::Lock(args)) => headless(&cli.options, |it| headless::place(it, args, LockKind::Lock)),
        Some(Command::Freeze(args)) => headless(&cli.options, |it| headless::place(it, args, LockKind::Freeze)),
        Some(Command::Unlock(args)) => headless(&cli.options, |it| headless::unlock(it, args)),
        Some(Command::History(args)) => headless(&cli.options, |it| headless::history(it, args)),
        Some(Command::Locks(args)) => headless(&cli.options, |it| headless::locks(it, args)),
        Some(Command::Why(args)) => headless(&cli.options, |it| headless::why(it, args)),
        Some(Command::Logs(args)) => looking(&cli.options, |session| headless::logs(session, args)),
        Some(Command::Cleanup(args)) => headless(&cli.options, |session| headless::cleanup(session, args)),
        Some(Command::Init { force }) => init(&cli.options, *force),
        Some(Command::Print { what: Printed::Config }) => headless::print(&example()),
        Some(Command::Print { what: Printed::AdmissionPolicy }) => headless::print(headless::ADMISSION_POLICY),
        Some(Command::Print { what: Printed::Json }) => headless::print(headless::DOCUMENTATION),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "shipdeck", &mut script);
            headless::print(&String::from_utf8_lossy(&script))
        }
        Some(Command::Man { of }) => manual(of.as_deref()),
        Some(Command::Picture { width, height, seed }) => picture(&cli.options, (*width, *height), *seed),
    }
}

/// One page of the manual: of shipdeck, or of one of its commands.
fn manual(of: Option<&str>) -> Result<(), Report> {
    let mut all = Cli::command();
    all.build();
    let page = match of {
        None => all,
        Some(name) => {
            let found = all.get_subcommands().find(|command| command.get_name() == name);
            let known = || all.get_subcommands().map(clap::Command::get_name).collect::<Vec<_>>().join(", ");
            let unknown =
                || Report::usage(format!("there is no command {name}")).hint(format!("There are {}.", known()));
            found.ok_or_else(unknown)?.clone()
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text).map_err(|error| Report::usage(error.to_string()))?;
    headless::print(&String::from_utf8_lossy(&text))
}

fn overrides(options: &Options) -> Overrides {
    let home = ProjectDirs::from("dev", "shipdeck", "shipdeck").map(|dirs| dirs.config_dir().join("config.toml"));
    let origin = |name: &str| options.origins.get(name).copied().unwrap_or(Origin::Flag);
    let named = |value: &Option<String>, name: &str| value.as_ref().map(|value| (value.clone(), origin(name)));
    Overrides {
        path: options.config.clone(),
        context: named(&options.context.last().cloned(), "context"),
        log_file: named(&options.log_file.as_ref().map(|path| path.display().to_string()), "log_file"),
        theme: named(&options.theme, "theme"),
        ascii: options.ascii.then(|| origin("ascii")),
        no_mouse: options.no_mouse.then(|| origin("no_mouse")),
        read_only: options.read_only.then(|| origin("read_only")),
        no_color: Surroundings::here().no_color(),
        terminal: None,
        candidates: [Some(PathBuf::from("shipdeck.toml")), home].into_iter().flatten().collect(),
        contexts: None,
    }
}

/// Which options came from the environment and which from the command line.
fn origins(matches: &ArgMatches) -> BTreeMap<String, Origin> {
    let mut origins = BTreeMap::new();
    let mut level = Some(matches);
    while let Some(matches) = level {
        for id in matches.ids() {
            let origin = match matches.value_source(id.as_str()) {
                Some(ValueSource::EnvVariable) => Origin::Environment,
                Some(ValueSource::CommandLine) => Origin::Flag,
                _ => continue,
            };
            origins.insert(id.to_string(), origin);
        }
        level = matches.subcommand().map(|(_, below)| below);
    }
    origins
}

fn check(options: &Options, live: bool) -> Result<(), Report> {
    // Without a kubeconfig there is nothing to hold the contexts against, and everything else may still be checked.
    let known = contexts(None).ok().map(|all| all.into_iter().map(|context| context.name).collect::<Vec<_>>());
    let is_known =
        |env: &Environment| known.as_ref().is_none_or(|known| headless::is_known(env.cluster.as_str(), known));
    let (loaded, mut problems) = match load(&Overrides { contexts: known.clone(), ..on_screen(options) }) {
        Ok(loaded) => (loaded, Vec::new()),
        // Where contexts are all that is wrong, the clusters that are known can be asked all the same.
        Err(report) if live => match load(&on_screen(options)) {
            Ok(loaded) => (loaded, vec![report.message().to_owned()]),
            Err(_) => return Err(report),
        },
        Err(report) => return Err(report),
    };
    let whole = problems.is_empty();
    let mut catalog = loaded.catalog.clone();
    catalog.environments.retain(is_known);
    // Those of the file are known now; one that was given outside of it may not be.
    let named = options.context.last().map(String::as_str);
    let strangers = known.as_ref().map(|known| headless::unknown_contexts(&catalog, named, known));
    let strangers = strangers.unwrap_or_default();
    let mut notes = Vec::new();
    if live && strangers.is_empty() && (whole || !catalog.environments.is_empty()) {
        let session = || session(Loaded { catalog, ..load(&overrides(options))? }, options, None);
        let found = block_on(async { headless::live(session()?, &loaded.written, whole).await })?;
        problems.extend(found.problems);
        notes = found.notes;
    }
    problems.extend(strangers);
    if !problems.is_empty() {
        return Err(Report::usage(problems.join("\n")));
    }
    headless::print(&well(&loaded, &notes))
}

/// What is told of a configuration without problems.
fn well(loaded: &Loaded, notes: &[String]) -> String {
    let mut out = String::new();
    match &loaded.path {
        Some(path) => out.push_str(&format!("{}: no problems\n", path.display())),
        None => out.push_str("no configuration: shipdeck shows what the kubeconfig finds, read-only\n"),
    }
    for note in notes {
        out.push_str(&format!("{note}\n"));
    }
    let catalog = &loaded.catalog;
    if catalog.environments.is_empty() && loaded.path.is_some() {
        out.push_str("note: it names no environment: what the kubeconfig finds is shown, read-only; shipdeck init writes what it finds\n");
    }
    out.push_str(&format!(
        "{}, {}, {}\n",
        words::count(catalog.environments.len(), "environment"),
        words::count(catalog.services.len(), "service"),
        words::count(catalog.groups.len(), "group")
    ));
    for (name, value, origin) in &loaded.origins {
        out.push_str(&format!("{name:20} {value:12} {}\n", origin.as_str()));
    }
    out
}

fn cockpit(options: &Options, seed: Option<u64>) -> Result<(), Report> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(Report::usage("the cockpit needs a terminal").hint(
            "Without one, use the commands for pipelines: shipdeck status, plan, deploy, logs (shipdeck --help).",
        ));
    }
    // An error here means that another hook is installed, which is as good.
    let _ = telemetry::install_panic_hook(compose::data_folder());
    let loaded = load(&on_screen(options))?;
    block_on(async {
        let session = session(loaded, options, seed)?;
        open(session).await
    })
}

/// The configuration that would be read is the one that is written: what is named, else what is there, else the usual place.
fn init(options: &Options, force: bool) -> Result<(), Report> {
    let overrides = overrides(options);
    let there = || overrides.candidates.iter().find(|path| path.is_file()).cloned();
    let usual = || overrides.candidates.last().cloned();
    let path = overrides.path.clone().or_else(there).or_else(usual);
    let path =
        path.ok_or_else(|| Report::usage("there is no place for a configuration").hint("Name one with --config."))?;
    let places = headless::Places::of(&options.context)?;
    block_on(headless::init(&places, &path, force))
}

/// A command on a session without a screen.
fn headless<F: Future<Output = Result<(), Report>>>(
    options: &Options,
    work: impl FnOnce(Session) -> F,
) -> Result<(), Report> {
    let loaded = load(&overrides(options))?;
    if loaded.catalog.environments.is_empty() {
        return Err(headless::unconfigured());
    }
    on_session(loaded, options, work)
}

/// The same, for what only looks: without a configuration there are the namespaces that hold workloads, as in the cockpit.
fn looking<F: Future<Output = Result<(), Report>>>(
    options: &Options,
    work: impl FnOnce(Session) -> F,
) -> Result<(), Report> {
    on_session(load(&overrides(options))?, options, work)
}

fn on_session<F: Future<Output = Result<(), Report>>>(
    loaded: Loaded,
    options: &Options,
    work: impl FnOnce(Session) -> F,
) -> Result<(), Report> {
    known_context(&loaded, options)?;
    block_on(async { work(session(loaded, options, None)?).await })
}

/// A context that is named for those that name none, and that no kubeconfig has: trying again would not help.
fn known_context(loaded: &Loaded, options: &Options) -> Result<(), Report> {
    let named = options.context.last().map(String::as_str);
    let wanted = loaded.catalog.environments.iter().any(|env| Some(env.cluster.as_str()) == named);
    // Without a kubeconfig the session says so.
    let Some(known) = contexts(None).ok().filter(|_| wanted) else { return Ok(()) };
    let known: Vec<String> = known.into_iter().map(|context| context.name).collect();
    let strangers = headless::unknown_contexts(&Catalog::default(), named, &known);
    if strangers.is_empty() { Ok(()) } else { Err(Report::usage(strangers.join("\n"))) }
}

/// Runs it to its end. A credential plugin that hangs, on a thread that nothing can end, must not keep the program.
fn block_on<T>(work: impl Future<Output = Result<T, Report>>) -> Result<T, Report> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Report::usage(format!("the system refuses threads: {error}")))?;
    let result = runtime.block_on(work);
    runtime.shutdown_background();
    result
}

/// The demo's world replaces the catalog; looks and keys are the user's, and so are mistakes in them.
fn loaded(options: &Options) -> Result<Loaded, Report> {
    load(&overrides(options))
}

/// What goes on a screen follows the terminal where the configuration leaves it open.
fn on_screen(options: &Options) -> Overrides {
    let surroundings = Surroundings::here();
    let shows = Shows { colors: surroundings.colors(), ascii: surroundings.is_ascii() };
    Overrides { terminal: Some(shows), ..overrides(options) }
}

/// What only the terminal itself can say.
fn questions(settings: &Settings) -> Questions {
    let poor = Surroundings::here().is_poor();
    Questions {
        background: settings.theme_by_background && settings.colors != Colors::None && !poor,
        width: settings.signs_by_width && !settings.ascii && !poor,
    }
}

fn believe(settings: &mut Settings, answers: &Answers) {
    settings.ascii |= answers.wide;
    if settings.theme_by_background {
        let light = answers.light.or_else(|| Surroundings::here().light()).unwrap_or(false);
        settings.theme = if light { Theme::Day } else { Theme::Night };
    }
}

fn session(loaded: Loaded, options: &Options, seed: Option<u64>) -> Result<Session, Report> {
    match seed {
        Some(seed) => compose::demo(loaded, seed),
        None => compose::real(loaded, options.context.last().cloned()),
    }
}

async fn open(session: Session) -> Result<(), Report> {
    let Session { mut model, executor, messages } = session;
    let lost = |error: std::io::Error| {
        if event_loop::is_gone(&error) {
            return Report::ended_by(Ending::HungUp.name(), Ending::HungUp.exit_code());
        }
        Report::usage(format!("the terminal cannot be used: {error}"))
    };
    // Before the terminal is taken: a signal that comes meanwhile must give it back.
    let signals = Signals::new().map_err(|error| Report::usage(format!("cannot listen for signals: {error}")))?;
    let (tui, answers) = Tui::open(model.settings.mouse, questions(&model.settings)).map_err(lost)?;
    believe(&mut model.settings, &answers);
    let (ended, unfinished) =
        event_loop::run(Cockpit::new(model, executor, messages), tui, answers, signals).await.map_err(lost)?;
    headless::say(&unfinished);
    match ended {
        None => Ok(()),
        Some(ending) => Err(Report::ended_by(ending.name(), ending.exit_code())),
    }
}

/// The demo's home screen as a picture, in the user's looks.
fn picture(options: &Options, size: (u16, u16), seed: u64) -> Result<(), Report> {
    let settings = loaded(options)?.settings;
    headless::print(&block_on(stage::picture(settings, seed, size, compose::data_folder()))?)
}
