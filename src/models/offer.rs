//! Models to choose from: those the API says a credential may use, or those that are known without asking it, with what
//! the data file knows of them.

use super::allowed::Allowed;
use super::catalog::Prices;
use super::known::{KnownModel, KnownModels};
use super::refs::ModelRef;
use super::selection;
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
pub fn offers(live: &[ModelInfo], present: &ModelRef, known: &KnownModels<'_>) -> Vec<Offer> {
    let listed = live.iter().filter_map(|info| {
        let model: ModelRef = format!("anthropic/{}", info.id).parse().ok()?;
        let note = note(&known.as_listed(&model, info));
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

/// What can be chosen without asking anybody, the present model first: those the config allows, or all that are known.
pub fn known_offers(config: &Config, present: &ModelRef) -> Vec<Offer> {
    let known = KnownModels::of(config);
    let mut models = match Allowed::by(config) {
        Allowed::Only(models) => models,
        Allowed::All => known.all(),
    };
    models.retain(|model| model != present);
    models.insert(0, present.clone());
    let aliases = selection::aliases(config);
    let offer = |model: ModelRef| {
        let named = |target: &str| selection::resolve(target, config).is_ok_and(|meant| meant == model);
        let alias =
            aliases.iter().find(|(_, target)| named(target)).map(|(alias, _)| format!("alias {alias}"));
        let words = known.model(&model).map(|known| note(&known)).filter(|words| !words.is_empty());
        let note = alias.into_iter().chain(words).collect::<Vec<_>>().join(", ");
        Offer { model, note }
    };
    models.into_iter().map(offer).collect()
}

fn note(known: &KnownModel<'_>) -> String {
    let window = known.context_window.map(|tokens| match tokens {
        1_000.. => format!("{} context", token_count(tokens)),
        _ => format!("{tokens} tokens context"),
    });
    let from = if known.long_prompt.is_some() { "from " } else { "" };
    let price = price_words(&known.prices).map(|(input, output)| format!("{from}{input} in / {output} out"));
    [window, price].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// A count of tokens as people write it: `1M`, `200k`.
pub fn token_count(tokens: u64) -> String {
    match tokens {
        1_000_000.. if tokens.is_multiple_of(1_000_000) => format!("{}M", tokens / 1_000_000),
        1_000.. => format!("{}k", tokens / 1_000),
        _ => tokens.to_string(),
    }
}

/// Prices of input and output by the million tokens, when both are known.
pub fn price_words(prices: &Prices) -> Option<(String, String)> {
    Some((dollars(prices.input?), dollars(prices.output?)))
}

/// An amount as people write it: `$0.25`.
pub fn dollars(micros: u64) -> String {
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
    use crate::config::Config;
    use crate::models::catalog::Catalog;

    #[test]
    fn without_asking_the_configured_models_are_known_or_else_those_of_the_data_file() {
        let present = "anthropic/claude-sonnet-5".parse().unwrap();
        let known = |text: &str| -> Vec<String> {
            let config = crate::config::load::parse(text).unwrap();
            let offers = known_offers(&config, &present).into_iter();
            offers.map(|offer| format!("{} ({})", offer.model, offer.note)).collect()
        };
        let all = known("{models:{providers:{team:{models:[{id:'own'}]}}}}");
        assert!(all[0].starts_with("anthropic/claude-sonnet-5 (1M context, $2 in"), "{all:?}");
        assert!(all.contains(&"team/own ()".to_owned()), "{all:?}");
        assert_eq!(all.len(), Catalog::embedded().models().len() + 1);
        let configured = known("{agents:{defaults:{models:{'anthropic/x':{alias:'X'}}}}}");
        assert_eq!(configured[1], "anthropic/x (alias X)");
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
            shown(&offers(&live, &present, &KnownModels::of(&Config::default()))),
            [
                "anthropic/claude-sonnet-5: 1M context, $2 in / $10 out",
                "anthropic/claude-opus-4-5: 200k context, $5 in / $25 out",
                "anthropic/claude-haiku-5-5: 1M context, from $0.10 in / $0.50 out",
                "anthropic/claude-novel-9: ",
            ]
        );
    }

    #[test]
    fn a_present_model_the_api_does_not_list_can_stay() {
        let present = "anthropic/claude-gone-1".parse().unwrap();
        let config = Config::default();
        let known = KnownModels::of(&config);
        let offers = offers(&live(&["claude-sonnet-5"]), &present, &known);
        assert_eq!(shown(&offers)[0], "anthropic/claude-gone-1: as now; not in the list of the API");
        assert_eq!(offers.len(), 2);
        let other = "openai/gpt-x".parse().unwrap();
        assert_eq!(shown(&super::offers(&[], &other, &known)), ["openai/gpt-x: as now"]);
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
        for (tokens, text) in [(1_000_000, "1M"), (200_000, "200k"), (500, "500")] {
            assert_eq!(token_count(tokens), text);
        }
    }
}
