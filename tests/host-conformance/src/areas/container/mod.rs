//! The area `container`: named scenarios, played with the services of `types` and written down by `trace`.

mod creating;
mod disposal;
mod editing;
mod failures;
mod graph;
mod keys;
mod lifetimes;
mod many;
mod place;
mod scopes;
mod threads;
mod trace;
mod types;

use serde_json::{Value, json};

pub(crate) fn answer(case: &Value) -> super::Answer {
    let name = case["name"].as_str().ok_or("the case has no name")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    runtime.block_on(play(name))?;
    Ok(json!({ "trace": trace::lines() }))
}

async fn play(name: &str) -> Result<(), String> {
    match name {
        "singleton_identity" => lifetimes::singleton_identity(),
        "scoped_identity" => lifetimes::scoped_identity(),
        "transient_identity" => lifetimes::transient_identity(),
        "last_registration_wins" => lifetimes::last_registration_wins(),
        "same_type_registered_twice" => lifetimes::same_type_registered_twice(),
        "instance_not_disposed" => lifetimes::instance_not_disposed().await,
        "one_type_two_services" => lifetimes::one_type_two_services().await,
        "forwarded_service" => lifetimes::forwarded_service().await,
        "nested_scopes" => scopes::nested_scopes().await,
        "singleton_outlives_scope" => scopes::singleton_outlives_scope().await,
        "scope_factory_injected" => scopes::scope_factory_injected().await,
        "provider_injected" => scopes::provider_injected(),
        "factory_gets_its_provider" => scopes::factory_gets_its_provider().await,
        "missing_direct" => graph::missing_direct(),
        "missing_at_build" => graph::missing_at_build(),
        "findings_together" => graph::findings_together(),
        "cycle_at_build" => graph::cycle_at_build(),
        "captured_indirect" => graph::captured_indirect(),
        "scoped_from_root" => graph::scoped_from_root(),
        "shadowed_registration_checked" => graph::shadowed_registration_checked(),
        "optional_dependency" => graph::optional_dependency(),
        "unchecked_graph" => graph::unchecked_graph(),
        "unchecked_scoped" => graph::unchecked_scoped(),
        "factory_missing" => graph::factory_missing(),
        "factory_captured" => graph::factory_captured(),
        "factory_cycle" => graph::factory_cycle(),
        "factory_retry" => failures::factory_retry(),
        "failed_construction_keeps_parts" => failures::failed_construction_keeps_parts().await,
        "all_with_failing_member" => failures::all_with_failing_member(),
        "disposal_reverse" => disposal::disposal_reverse().await,
        "transient_from_root_kept" => disposal::transient_from_root_kept().await,
        "disposal_once" => disposal::disposal_once().await,
        "async_disposal" => disposal::async_disposal().await,
        "sync_disposal" => disposal::sync_disposal(),
        "sync_disposal_async_only" => disposal::sync_disposal_async_only().await,
        "async_disposal_sequential" => disposal::async_disposal_sequential().await,
        "failing_disposal" => disposal::failing_disposal().await,
        "disposed_scope" => disposal::disposed_scope().await,
        "disposed_root" => disposal::disposed_root().await,
        "resolve_during_disposal" => disposal::resolve_during_disposal().await,
        "disposed_while_constructing" => threads::disposed_while_constructing().await,
        "concurrent_singleton" => threads::concurrent_singleton(),
        "concurrent_in_scopes" => threads::concurrent_in_scopes(),
        "all_in_order" => many::all_in_order(),
        "all_mixed_lifetimes" => many::all_mixed_lifetimes(),
        "try_add" => editing::try_add(),
        "try_add_all" => editing::try_add_all(),
        "replace_and_remove" => editing::replace_and_remove(),
        "added_after_build" => editing::added_after_build(),
        "keyed_editing" => editing::keyed_editing(),
        "keyed_apart" => keys::keyed_apart(),
        "keyed_any_fallback" => keys::keyed_any_fallback(),
        "keyed_all" => keys::keyed_all(),
        "keyed_any_not_single" => keys::keyed_any_not_single(),
        "keyed_dependencies" => keys::keyed_dependencies(),
        "keyed_scoped_disposal" => keys::keyed_scoped_disposal().await,
        "create_instance" => creating::create_instance().await,
        "create_missing_argument" => creating::create_missing_argument(),
        "create_unused_argument" => creating::create_unused_argument(),
        "is_service" => creating::is_service(),
        _ => return Err(format!("there is no scenario '{name}'")),
    }
    Ok(())
}
