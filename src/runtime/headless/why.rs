//! `shipdeck why`: what stands in the way of a deploy, who can clear it, and when it opens.

use super::driver::Driver;
use super::run::refused;
use super::{print, print_json, shapes};
use crate::app::locks::held_images;
use crate::app::why::{Cause, causes};
use crate::app::{queue, rights};
use crate::cli::Why;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::plan::{PlanError, unknown_service};
use crate::domain::rights::Need;
use crate::report::Report;
use crate::runtime::compose::Session;

/// `shipdeck why`.
pub(in crate::runtime) async fn why(session: Session, args: &Why) -> Result<(), Report> {
    let (env, service) = (EnvId::new(&args.env), ServiceId::new(&args.service));
    let catalog = &session.model.catalog;
    if catalog.environment(&env).is_none() {
        return Err(refused(&PlanError::unknown_environment(catalog, &env)));
    }
    if catalog.service(&service).is_none() {
        return Err(refused(&unknown_service(catalog, &service)));
    }
    let mut driver = Driver::start(session)?;
    driver.best_picture(std::slice::from_ref(&env)).await?;
    let needs: Vec<Need> = rights::changes(driver.model(), [&service]).collect();
    driver.rights_known(&env, &needs).await?;
    driver.locks_known(&env).await?;
    driver.holders_known(&env).await?;
    driver.stewards_known(&env, std::slice::from_ref(&service)).await?;
    let found = causes(driver.model(), &env, &service);
    let held = held_images(driver.model(), &env, &service);
    let line = queue::of(driver.model(), &service, &env);
    driver.end().await;
    if args.json {
        print_json(&shapes::why(&env, &service, &found, (held, &line)))?;
    } else {
        print(&told(&env, &service, &found, &held))?;
    }
    match found.first() {
        Some(first) if args.exit_code => Err(Report::refused(format!("{service} in {env}: {}", first.headline()))),
        _ => Ok(()),
    }
}

fn told(env: &EnvId, service: &ServiceId, causes: &[Cause], held: &[String]) -> String {
    let mut text = if causes.is_empty() {
        format!("nothing stands in the way of {service} in {env}\n")
    } else {
        format!("{service} in {env} cannot be deployed:\n")
    };
    for cause in causes {
        text.push_str(&format!("  {}\n    {}\n", cause.headline(), cause.clears()));
    }
    for image in held {
        text.push_str(&format!("  {image}\n"));
    }
    text
}
