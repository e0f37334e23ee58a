use proptest::prelude::*;

use super::request::{Remark, RequestParams};
use super::*;
use crate::anthropic::cache::Retention;
use crate::auth::form::Form;
use crate::config::load::parse;
use crate::config::schema::CacheControlTtl;

fn model(text: &str) -> ModelRef {
    text.parse().unwrap()
}

fn of(config: &str, agent: &str, model_ref: &str) -> Effective {
    let agent = agent.parse().unwrap();
    Effective::of(&agent, &model(model_ref), &parse(config).unwrap(), &Params::default())
}

/// A config with these parameters for `anthropic/claude-opus-4-7`, and for the agent `a`.
fn layered(of_model: &str, of_agent: &str) -> String {
    format!(
        "{{agents:{{defaults:{{models:{{'anthropic/claude-opus-4-7':{{params:{{{of_model}}}}}}}}},list:[{{id:'a',params:{{{of_agent}}}}}]}}}}"
    )
}

fn sent(params: &str, model_ref: &str, form: Form) -> RequestParams {
    let config = parse(&format!("{{agents:{{list:[{{id:'a',params:{{{params}}}}}]}}}}")).unwrap();
    let agent = "a".parse().unwrap();
    let effective = Effective::of(&agent, &model(model_ref), &config, &Params::default());
    RequestParams::of(&effective, form, &config)
}

const OPUS: &str = "anthropic/claude-opus-4-7";

#[test]
fn without_settings_anthropics_prompts_are_kept_shortly_and_others_not_at_all() {
    let effective = of("{}", "main", OPUS);
    assert_eq!(effective.cache_retention, Param::default(CacheRetention::Short));
    assert_eq!(effective.max_tokens, Param::default(DEFAULT_MAX_TOKENS));
    assert_eq!(of("{}", "main", "acme/claude-opus-4-7").cache_retention.value, CacheRetention::None);
    let set = of("{agents:{list:[{id:'a',params:{cacheRetention:'long'}}]}}", "a", "acme/x");
    assert_eq!(set.cache_retention.value, CacheRetention::Long);
}

#[test]
fn a_later_layer_replaces_key_by_key_and_the_origin_names_the_place() {
    let config = layered(
        "cacheRetention:'long',maxTokens:10,anthropicBeta:'x-1,y-2'",
        "maxTokens:20,anthropicBeta:['z-3'],temperature:0.5",
    );
    let effective = of(&config, "a", OPUS);
    assert_eq!(
        (effective.cache_retention.value, effective.cache_retention.origin.to_string().as_str()),
        (
            CacheRetention::Long,
            r#"agents.defaults.models["anthropic/claude-opus-4-7"].params.cacheRetention"#
        )
    );
    assert_eq!(effective.max_tokens.value.get(), 20);
    assert_eq!(effective.max_tokens.origin.to_string(), "agents.list[0].params.maxTokens");
    assert_eq!(effective.anthropic_beta.value.0, ["z-3"]);
    assert_eq!(effective.temperature.value.map(Temperature::get), Some(0.5));
    let other = of(&config, "main", OPUS);
    assert_eq!((other.max_tokens.value.get(), other.temperature.is_set()), (10, false));

    let call = Params { max_tokens: NonZeroU64::new(30), ..Params::default() };
    let effective = Effective::of(&"a".parse().unwrap(), &model(OPUS), &parse(&config).unwrap(), &call);
    assert_eq!((effective.max_tokens.value.get(), effective.max_tokens.origin), (30, Origin::CommandLine));
}

#[test]
fn a_later_ttl_replaces_an_earlier_retention_and_within_a_layer_retention_wins() {
    for (of_model, of_agent, retention, deprecated) in [
        ("cacheRetention:'long'", "cacheControlTtl:'5m'", CacheRetention::Short, 1),
        ("cacheControlTtl:'1h'", "cacheRetention:'none'", CacheRetention::None, 1),
        ("cacheControlTtl:'1h',cacheRetention:'none'", "", CacheRetention::None, 1),
        ("cacheControlTtl:'1h'", "cacheControlTtl:'5m'", CacheRetention::Short, 2),
        ("cacheControlTtl:'1h'", "", CacheRetention::Long, 1),
        ("cacheRetention:'long'", "", CacheRetention::Long, 0),
    ] {
        let effective = of(&layered(of_model, of_agent), "a", OPUS);
        assert_eq!(effective.cache_retention.value, retention, "{of_model} {of_agent}");
        assert_eq!(effective.deprecated.len(), deprecated, "{of_model} {of_agent}");
    }
}

#[test]
fn an_older_name_is_told_with_what_it_does_and_the_lines_that_mend_it() {
    let told = |of_agent: &str| {
        let effective = of(&layered("", of_agent), "a", OPUS);
        let [deprecated] = effective.deprecated.as_slice() else { panic!("{:?}", effective.deprecated) };
        (deprecated.to_string(), deprecated.fix().unwrap().commands)
    };
    let unset = "fased config unset 'agents.list[0].params.cacheControlTtl'";
    let (alone, lines) = told("cacheControlTtl:'1h'");
    assert_eq!(
        alone,
        "agents.list[0].params.cacheControlTtl is the older name of cacheRetention; write cacheRetention: \"long\" instead."
    );
    assert_eq!(lines, ["fased config set 'agents.list[0].params.cacheRetention' long", unset]);
    let (beside, lines) = told("cacheControlTtl:'1h',cacheRetention:'none'");
    assert_eq!(
        beside,
        "agents.list[0].params.cacheControlTtl has no effect beside cacheRetention; remove it."
    );
    assert_eq!(lines, [unset]);
}

#[test]
fn models_and_agents_are_meant_however_they_are_written() {
    for key in ["anthropic/claude-opus-4-7", "Anthropic/claude-opus-4-7", "claude-opus-4-7", "opus"] {
        let config = parse(&format!(
            "{{agents:{{defaults:{{models:{{'anthropic/claude-opus-4-7':{{alias:'Opus'}},'{key}':{{alias:'Opus',params:{{maxTokens:5}}}}}}}}}}}}"
        ));
        let effective = Effective::of(&AgentId::main(), &model(OPUS), &config.unwrap(), &Params::default());
        assert_eq!(effective.max_tokens.value.get(), 5, "{key}");
    }
    let config = "{agents:{list:[{id:'other'},{id:'Alerts',params:{maxTokens:5}}]}}";
    assert_eq!(of(config, "alerts", OPUS).max_tokens.origin.to_string(), "agents.list[1].params.maxTokens");
    assert_eq!(of(config, "other", OPUS).max_tokens.origin, Origin::Default);
}

#[test]
fn parameters_nobody_knows_are_passed_over() {
    let effective = of(&layered("transport:'sse',parallelToolCalls:true,x:{y:[1]}", "'':null"), "a", OPUS);
    assert_eq!(effective, of("{}", "main", OPUS));
}

#[test]
fn retention_becomes_markers_except_with_a_plan() {
    for (retention, marked) in
        [("none", Retention::None), ("short", Retention::Short), ("long", Retention::Long)]
    {
        let params = format!("cacheRetention:'{retention}'");
        assert_eq!(sent(&params, OPUS, Form::ApiKey).retention, marked);
        assert_eq!(sent(&params, OPUS, Form::ConsoleToken).retention, marked);
        let plan = sent(&params, OPUS, Form::PlanToken);
        assert_eq!(plan.retention, Retention::None);
        assert_eq!(plan.remarks.contains(&Remark::CacheIgnored), retention != "none");
    }
}

#[test]
fn the_beta_of_the_wide_window_goes_with_keys_to_models_that_take_it() {
    let beta = &crate::models::catalog::Catalog::embedded().betas().context1m;
    let wide = |model_ref, form| {
        let params = sent("context1m:true", model_ref, form);
        (params.betas, params.remarks)
    };
    assert_eq!(wide(OPUS, Form::ApiKey), (vec![beta.clone()], vec![Remark::Context1mNotNeeded]));
    for form in [Form::PlanToken, Form::ConsoleToken] {
        let (betas, remarks) = wide(OPUS, form);
        assert!(betas.is_empty() && remarks.contains(&Remark::Context1mIgnored), "{form:?}");
    }
    for (model_ref, why) in [
        ("anthropic/claude-haiku-4-5", "anthropic/claude-haiku-4-5 has no window of 1M tokens"),
        ("anthropic/claude-fable-5", "the window of anthropic/claude-fable-5 is 1M tokens without it"),
        ("anthropic/claude-nosuch", "anthropic/claude-nosuch is not known to have a window of 1M tokens"),
        ("acme/claude-opus-4-7", "acme/claude-opus-4-7 is not known to have a window of 1M tokens"),
    ] {
        let (betas, remarks) = wide(model_ref, Form::ApiKey);
        assert_eq!(betas, [] as [&str; 0]);
        let told = remarks.iter().find(|remark| remark.warning_id() == Some("context1m-unsupported"));
        assert_eq!(told.unwrap().to_string(), format!("not sent: {why}"));
    }
}

#[test]
fn betas_keep_their_order_and_what_bearers_are_refused_with_is_left_out() {
    let params = "anthropicBeta:'b-2, a-1,context-1m-2025-08-07',context1m:true";
    assert_eq!(sent(params, OPUS, Form::ApiKey).betas, ["b-2", "a-1", "context-1m-2025-08-07"]);
    let plan = sent("anthropicBeta:['b-2','context-1m-2099-01-01']", OPUS, Form::PlanToken);
    assert_eq!(plan.betas, ["b-2"]);
    assert!(plan.remarks.contains(&Remark::BetaRefused { beta: "context-1m-2099-01-01".into() }));
}

#[test]
fn a_temperature_goes_only_to_models_that_may_take_it() {
    assert_eq!(sent("temperature:0.5", "anthropic/claude-haiku-4-5", Form::ApiKey).temperature, Some(0.5));
    assert_eq!(sent("temperature:0", "acme/anything", Form::ApiKey).temperature, Some(0.0));
    let refused = sent("temperature:0.5", OPUS, Form::ApiKey);
    assert_eq!(refused.temperature, None);
    assert!(refused.remarks.iter().any(|remark| remark.warning_id() == Some("temperature-refused")));
}

#[test]
fn a_header_override_that_drops_the_beta_of_the_long_cache_is_told() {
    let told = |headers: &str, params: &str, form| {
        let config = parse(&format!(
            "{{models:{{providers:{{anthropic:{{headers:{{{headers}}}}}}}}},agents:{{list:[{{id:'a',params:{{{params}}}}}]}}}}"
        ))
        .unwrap();
        let effective = Effective::of(&"a".parse().unwrap(), &model(OPUS), &config, &Params::default());
        let remarks = RequestParams::of(&effective, form, &config).remarks;
        remarks.iter().any(|remark| remark.warning_id() == Some("extended-cache-ttl-dropped"))
    };
    let (long, drops) = ("cacheRetention:'long'", "'Anthropic-Beta':'mine-1'");
    let keeps = "'anthropic-beta':'mine-1, extended-cache-ttl-2025-04-11'";
    let asks = "cacheRetention:'long',anthropicBeta:'extended-cache-ttl-2025-04-11'";
    assert!(told(drops, long, Form::ApiKey));
    assert!(told(&format!("{keeps},{drops}"), long, Form::ApiKey));
    for (headers, params, form) in [
        (keeps, long, Form::ApiKey),
        ("'x-team':'blue'", long, Form::ApiKey),
        (drops, "", Form::ApiKey),
        (drops, asks, Form::ApiKey),
        (drops, long, Form::ConsoleToken),
        (drops, long, Form::PlanToken),
    ] {
        assert!(!told(headers, params, form), "{headers} {params} {form:?}");
    }
}

fn retention() -> impl Strategy<Value = Option<CacheRetention>> {
    let some = [CacheRetention::None, CacheRetention::Short, CacheRetention::Long];
    prop::option::of(prop::sample::select(some.to_vec()))
}

fn ttl() -> impl Strategy<Value = Option<CacheControlTtl>> {
    prop::option::of(prop::sample::select(vec![CacheControlTtl::FiveMinutes, CacheControlTtl::OneHour]))
}

proptest! {
    /// Writing the older name anew as what it means, layer by layer, changes nothing but the warnings.
    #[test]
    fn layers_are_normalised_before_they_are_merged(
        layers in prop::collection::vec((retention(), ttl(), prop::option::of(1_u64..9)), 3)
    ) {
        let config = |old: bool| {
            let mut config = parse(&layered("", "")).unwrap();
            let params = layers.iter().map(|(retention, ttl, max_tokens)| Params {
                cache_retention: if old { *retention } else { retention.or(ttl.map(CacheRetention::from)) },
                cache_control_ttl: ttl.filter(|_| old),
                max_tokens: max_tokens.and_then(NonZeroU64::new),
                ..Params::default()
            });
            let [of_model, of_agent, call]: [Params; 3] = params.collect::<Vec<_>>().try_into().unwrap();
            config.agents.defaults.models[0].params = of_model;
            config.agents.list[0].params = of_agent;
            Effective::of(&"a".parse().unwrap(), &model(OPUS), &config, &call)
        };
        let (old, new) = (config(true), config(false));
        prop_assert_eq!(old.cache_retention.value, new.cache_retention.value);
        prop_assert_eq!(&old.max_tokens, &new.max_tokens);
        prop_assert_eq!(old.deprecated.len(), layers.iter().filter(|(_, ttl, _)| ttl.is_some()).count());
        let last = layers.iter().rev().find_map(|(retention, ttl, _)| retention.or(ttl.map(Into::into)));
        prop_assert_eq!(old.cache_retention.value, last.unwrap_or(CacheRetention::Short));
        prop_assert!(new.deprecated.is_empty());
    }
}
