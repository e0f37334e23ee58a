//! `GET /v1/models` and `/v1/models/{id}`: the models of the data file in the shape the real API documents. What the
//! file does not know is left out; the date of release is the epoch, which the API documents for "unknown".

use serde_json::{Value, json};
use url::form_urlencoded;

use super::error::ApiError;
use crate::models::catalog::{Catalog, Model};

/// Models on a page when the request does not say, and at most.
const PAGE: usize = 20;
const LARGEST_PAGE: usize = 1_000;

/// One model.
pub(super) fn one(id: &str) -> Result<Value, ApiError> {
    match Catalog::embedded().model(id) {
        Some(model) => Ok(shown(id, model)),
        None => Err(unknown(id)),
    }
}

/// A page of the list, as the query asks.
pub(super) fn page(query: &str) -> Result<Value, ApiError> {
    let all: Vec<_> = Catalog::embedded().models().collect();
    let position = |name: &str, id: &str| {
        let found = all.iter().position(|(known, _)| *known == id);
        found.ok_or_else(|| ApiError::invalid(format!("{name}: no model has this id")))
    };
    let (mut limit, mut after, mut before) = (PAGE, None, None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "limit" => limit = read_limit(&value)?,
            "after_id" => after = Some(position("after_id", &value)?),
            "before_id" => before = Some(position("before_id", &value)?),
            // Others are for betas; the list does not depend on them.
            _ => {}
        }
    }
    let (shown_range, has_more) = match (after, before) {
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid("after_id and before_id cannot be used together"));
        }
        (_, Some(before)) => (before.saturating_sub(limit)..before, before > limit),
        (after, None) => {
            let start = after.map_or(0, |after| after + 1);
            let end = all.len().min(start + limit);
            (start..end, end < all.len())
        }
    };
    let data: Vec<_> = all[shown_range].iter().map(|(id, model)| shown(id, model)).collect();
    let id_of = |model: Option<&Value>| model.map_or(Value::Null, |model| model["id"].clone());
    Ok(json!({
        "first_id": id_of(data.first()),
        "last_id": id_of(data.last()),
        "has_more": has_more,
        "data": data,
    }))
}

/// The error for a model nobody knows.
pub(super) fn unknown(id: &str) -> ApiError {
    ApiError::not_found(format!("model: {id}"))
}

fn read_limit(value: &str) -> Result<usize, ApiError> {
    let limit = value.parse::<usize>().ok();
    match limit {
        None => Err(ApiError::invalid("limit: Input should be a valid integer")),
        Some(0) => Err(ApiError::invalid("limit: Input should be greater than or equal to 1")),
        Some(limit) if limit > LARGEST_PAGE => {
            Err(ApiError::invalid(format!("limit: Input should be less than or equal to {LARGEST_PAGE}")))
        }
        Some(limit) => Ok(limit),
    }
}

fn shown(id: &str, model: &Model) -> Value {
    let mut shown = json!({
        "type": "model",
        "id": id,
        "display_name": model.name,
        "created_at": "1970-01-01T00:00:00Z",
    });
    if let Some(window) = model.context_window {
        shown["max_input_tokens"] = window.into();
    }
    if let Some(longest) = model.max_output {
        shown["max_tokens"] = longest.into();
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(query: &str) -> Vec<String> {
        let page = page(query).unwrap();
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|model| model["id"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn pages_forwards_cover_every_model_once() {
        let all = ids("limit=1000");
        assert_eq!(all.len(), Catalog::embedded().models().len());
        let (mut seen, mut query) = (Vec::new(), "limit=4".to_owned());
        loop {
            let next = page(&query).unwrap();
            seen.extend(ids(&query));
            assert_eq!(next["last_id"], seen.last().unwrap().as_str());
            if next["has_more"] == false {
                break;
            }
            query = format!("limit=4&after_id={}", next["last_id"].as_str().unwrap());
        }
        assert_eq!(seen, all);
        assert_eq!(page(&format!("after_id={}", all.last().unwrap())).unwrap()["first_id"], Value::Null);
    }

    #[test]
    fn a_page_backwards_ends_right_before_its_cursor() {
        let all = ids("limit=1000");
        assert_eq!(ids(&format!("limit=2&before_id={}", all[3])), all[1..3]);
        assert_eq!(page(&format!("limit=2&before_id={}", all[3])).unwrap()["has_more"], true);
        assert_eq!(page(&format!("limit=3&before_id={}", all[3])).unwrap()["has_more"], false);
    }

    #[test]
    fn queries_that_make_no_sense_are_refused() {
        let model = &ids("limit=1")[0];
        for query in ["limit=0", "limit=1001", "limit=x", "after_id=nosuch", "before_id=nosuch"] {
            assert!(page(query).is_err(), "{query}");
        }
        assert!(page(&format!("after_id={model}&before_id={model}")).is_err());
    }

    #[test]
    fn what_the_data_file_does_not_know_is_left_out() {
        assert_eq!(one("claude-opus-5").unwrap()["max_input_tokens"], 1_000_000);
        assert_eq!(one("claude-opus-5").unwrap()["max_tokens"], 128_000);
        assert_eq!(one("claude-mythos-5").unwrap().get("max_tokens"), None);
        assert!(one("nosuch").is_err());
    }
}
