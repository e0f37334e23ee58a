//! Models to choose from: those the API says a credential may use, or those that are known without asking it, with what
//! the data file knows of them.

use super::catalog::{Catalog, Prices};
use super::refs::ModelRef;
use super::selection::resolve_alias;
use crate::anthropic::ModelInfo;
use crate::config::Config;

/// A model on offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The model.
    pub model: ModelRef,
    /// Window and price, as far as they are known: `1M context, $2 in / $10 out`.
    pub note: String,
}

/// What can be chosen, the present model first and everything else in the order of the API.
pub fn offers(live: &[ModelInfo], present: &ModelRef) -> Vec<Offer> {
    let listed = live.iter().filter_map(|info| {
        let model: ModelRef = format!("anthropic/{}", info.id).parse().ok()?;
        let note = note(Some(info), &model);
        Some(Offer { model, note })
    });
    let (mut offers, others): (Vec<Offer>, Vec<Offer>) = listed.partition(|offer| offer.model == *present);
    if offers.is_empty() {
        let note = match present.provider() {
            "anthropic" => "as now; not in the list of the API".to_owned(),
            _ => "as now".to_owned(),
        };
        offers.push(Offer { model: present.clone(), note });
    }
    offers.truncate(1);
    offers.extend(others);
    offers
}

/// What can be chosen without asking anybody: the models of the config, or where it names none those of the data file;
/// the present model is always among them.
pub fn known_offers(config: &Config, present: &ModelRef) -> Vec<Offer> {
    let mut offers: Vec<Offer> = Vec::new();
    let mut add = |model: ModelRef, alias: Option<&str>| {
        if offers.iter().all(|offer| offer.model != model) {
            let alias = alias.map(|alias| format!("alias {alias}"));
            let known = Some(note(None, &model)).filter(|words| !words.is_empty());
            let words: Vec<String> = alias.into_iter().chain(known).collect();
            offers.push(Offer { model, note: words.join(", ") });
        }
    };
    for (key, entry) in &config.agents.defaults.models {
        if let Ok(model) = resolve_alias(key, config) {
            add(model, entry.alias.as_deref());
        }
    }
    for (id, provider) in &config.models.providers {
        let refs = provider.models.iter().filter_map(|model| format!("{id}/{}", model.id).parse().ok());
        refs.for_each(|model| add(model, None));
    }
    add(present.clone(), None);
    if config.agents.defaults.models.is_empty() {
        let ids = Catalog::embedded().models().filter_map(|(id, _)| format!("anthropic/{id}").parse().ok());
        ids.for_each(|model| add(model, None));
    }
    offers
}

fn note(info: Option<&ModelInfo>, model: &ModelRef) -> String {
    let known = Catalog::embedded().model(model.model());
    let window = info.and_then(|info| info.max_input_tokens).or_else(|| known?.context_window);
    let parts = [window.map(window_words), known.and_then(|known| price_words(&known.prices))];
    let words: Vec<String> = parts.into_iter().flatten().collect();
    words.join(", ")
}

fn window_words(tokens: u64) -> String {
    match tokens {
        1_000_000.. if tokens.is_multiple_of(1_000_000) => format!("{}M context", tokens / 1_000_000),
        1_000.. => format!("{}k context", tokens / 1_000),
        _ => format!("{tokens} tokens context"),
    }
}

/// Prices by the million tokens.
fn price_words(prices: &Prices) -> Option<String> {
    Some(format!("{} in / {} out", dollars(prices.input?), dollars(prices.output?)))
}

fn dollars(micros: u64) -> String {
    let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
    match rest {
        0 => format!("${whole}"),
        _ if rest.is_multiple_of(10_000) => format!("${whole}.{:02}", rest / 10_000),
        _ => format!("${whole}.{}", format!("{rest:06}").trim_end_matches('0')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_asking_the_configured_models_are_known_or_else_those_of_the_data_file() {
        let present = "anthropic/claude-sonnet-5".parse().unwrap();
        let known = |text: &str| -> Vec<String> {
            let config = crate::config::load::parse(text).unwrap();
            let offers = known_offers(&config, &present).into_iter();
            offers.map(|offer| format!("{} ({})", offer.model, offer.note)).collect()
        };
        let all = known("{models:{providers:{team:{models:[{id:'own'}]}}}}");
        assert_eq!(all[0], "team/own ()");
        assert!(all[1].starts_with("anthropic/claude-sonnet-5 (1M context, $2 in"), "{all:?}");
        assert_eq!(all.len(), Catalog::embedded().models().len() + 1);
        let configured = known("{agents:{defaults:{models:{'anthropic/x':{alias:'X'}}}}}");
        assert_eq!(configured[0], "anthropic/x (alias X)");
        assert_eq!(configured.len(), 2);
    }

    fn live(ids: &[&str]) -> Vec<ModelInfo> {
        ids.iter().map(|id| ModelInfo { id: (*id).to_owned(), ..ModelInfo::default() }).collect()
    }

    fn shown(offers: &[Offer]) -> Vec<String> {
        offers.iter().map(|offer| format!("{}: {}", offer.model, offer.note)).collect()
    }

    #[test]
    fn the_present_model_comes_first_with_window_and_price() {
        let live = live(&["claude-opus-4-5", "claude-sonnet-5", "claude-haiku-5-5", "claude-novel-9"]);
        let present = "anthropic/claude-sonnet-5".parse().unwrap();
        assert_eq!(
            shown(&offers(&live, &present)),
            [
                "anthropic/claude-sonnet-5: 1M context, $2 in / $10 out",
                "anthropic/claude-opus-4-5: 200k context, $5 in / $25 out",
                "anthropic/claude-haiku-5-5: ",
                "anthropic/claude-novel-9: ",
            ]
        );
    }

    #[test]
    fn a_present_model_the_api_does_not_list_can_stay() {
        let present = "anthropic/claude-gone-1".parse().unwrap();
        let offers = offers(&live(&["claude-sonnet-5"]), &present);
        assert_eq!(shown(&offers)[0], "anthropic/claude-gone-1: as now; not in the list of the API");
        assert_eq!(offers.len(), 2);
        let other = "openai/gpt-x".parse().unwrap();
        assert_eq!(shown(&super::offers(&[], &other)), ["openai/gpt-x: as now"]);
    }

    #[test]
    fn money_and_windows_read_as_people_write_them() {
        for (micros, text) in [
            (2_000_000, "$2"),
            (250_000, "$0.25"),
            (6_250_000, "$6.25"),
            (125_000, "$0.125"),
            (100_000, "$0.10"),
        ] {
            assert_eq!(dollars(micros), text);
        }
        for (tokens, text) in
            [(1_000_000, "1M context"), (200_000, "200k context"), (500, "500 tokens context")]
        {
            assert_eq!(window_words(tokens), text);
        }
    }
}
