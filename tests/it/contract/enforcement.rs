//! Enforcement where nobody has installed it: nothing is promised, and that is said.

use shipdeck::domain::fault::FaultKind;
use shipdeck::domain::observed::WorkloadRef;
use shipdeck::ports::enforcement::Order;

use super::{World, contract};

contract![without_the_policies_nothing_is_enforced_and_nothing_has_to_be_lifted];

async fn without_the_policies_nothing_is_enforced_and_nothing_has_to_be_lifted(world: World) {
    let order = Order {
        name: "shipdeck-lock-a1".into(),
        document: shipdeck::domain::ids::Uid::new("u-1"),
        kind: "freeze",
        by: "ana@mac".into(),
        reason: "audit".into(),
        until: None,
        workloads: vec![WorkloadRef::deployment("web")],
    };
    let fault = world.cluster.enforce(&world.namespace, &order).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotFound, "{fault}");
    let fault = world.cluster.proves(&world.namespace, &order.name, &order.workloads).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotFound, "{fault}");
    world.cluster.lift(&world.namespace, &order.name).await.unwrap();
}
