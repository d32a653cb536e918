//! `/query` (RFC 8620 §5.5): filters as trees, sorts, and which part of the results is wanted.

use crate::jmap::context::{Answer, Arguments, Context, answer};
use crate::jmap::error::MethodError;
use crate::jmap::ids;
use crate::jmap::limits::{COLLATIONS, QUERY_MAX};
use crate::jmap::state::State;
use serde_json::{Map, Value, json};
use store::types::AccountId;

/// Conditions and operators in a filter: far more than a person or program asks for at once.
pub const FILTER_MAX: usize = 256;
/// Comparators in a sort.
pub const SORT_MAX: usize = 16;

/// A filter (RFC 8620 §5.5): conditions of the type `C` and operators.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter<C> {
    /// All of them.
    And(Vec<Filter<C>>),
    /// Any of them.
    Or(Vec<Filter<C>>),
    /// None of them.
    Not(Vec<Filter<C>>),
    /// A condition.
    Is(C),
}

impl<C> Filter<C> {
    /// Reads one, with what reads a condition.
    ///
    /// # Errors
    /// `invalidArguments` for another form, `unsupportedFilter` for more than [`FILTER_MAX`], and those of `condition`.
    pub fn read(
        value: Value,
        condition: &mut impl FnMut(Map<String, Value>) -> Result<C, MethodError>,
    ) -> Result<Filter<C>, MethodError> {
        let mut left = FILTER_MAX;
        read(value, condition, &mut left)
    }

    /// Whether any condition is such.
    pub fn any(&self, is: &mut impl FnMut(&C) -> bool) -> bool {
        match self {
            Filter::And(all) | Filter::Or(all) | Filter::Not(all) => all.iter().any(|filter| filter.any(is)),
            Filter::Is(condition) => is(condition),
        }
    }
}

fn read<C>(
    value: Value,
    condition: &mut impl FnMut(Map<String, Value>) -> Result<C, MethodError>,
    left: &mut usize,
) -> Result<Filter<C>, MethodError> {
    *left = left.checked_sub(1).ok_or_else(|| MethodError::unsupported_filter().because("The filter is too large."))?;
    let Value::Object(mut members) = value else {
        return Err(MethodError::invalid_arguments("A filter is an object."));
    };
    let Some(operator) = members.remove("operator") else { return condition(members).map(Filter::Is) };
    let Some(Value::Array(conditions)) = members.remove("conditions") else {
        return Err(MethodError::invalid_arguments("An operator has an array of conditions."));
    };
    if let Some(name) = members.keys().next() {
        return Err(MethodError::invalid_arguments(format!("A filter operator has no {name:?}.")));
    }
    let conditions = conditions.into_iter().map(|value| read(value, condition, left)).collect::<Result<_, _>>()?;
    match operator.as_str() {
        Some("AND") => Ok(Filter::And(conditions)),
        Some("OR") => Ok(Filter::Or(conditions)),
        Some("NOT") => Ok(Filter::Not(conditions)),
        _ => Err(MethodError::invalid_arguments("The operators of filters are AND, OR and NOT.")),
    }
}

/// Arguments of a query that clients were seen to put into comparators.
const MISPLACED: [&str; 3] = ["anchorOffset", "calculateTotal", "position"];

/// One line of a sort.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparator {
    /// By which property.
    pub property: String,
    /// Lowest first.
    pub is_ascending: bool,
    /// A collation of [`COLLATIONS`], where one is named.
    pub collation: Option<String>,
    /// What else it holds, for the type to read.
    pub more: Map<String, Value>,
}

impl Comparator {
    fn read(members: Map<String, Value>) -> Result<Comparator, MethodError> {
        let mut arguments = Arguments::new(members);
        let property = arguments.need("property")?;
        let is_ascending = arguments.flag("isAscending", true)?;
        let collation: Option<String> = arguments.take("collation")?;
        if let Some(name) = collation.as_ref().filter(|name| !COLLATIONS.contains(&name.as_str())) {
            return Err(MethodError::unsupported_sort().because(format!("There is no collation {name:?}.")));
        }
        // Some clients repeat here, with their defaults, what belongs beside the sort.
        MISPLACED.iter().for_each(|name| drop(arguments.take_value(name)));
        Ok(Comparator { property, is_ascending, collation, more: arguments.into_map() })
    }
}

/// `sort`, or nothing.
pub(super) fn sort(arguments: &mut Arguments) -> Result<Vec<Comparator>, MethodError> {
    let lines: Vec<Map<String, Value>> = arguments.take("sort")?.unwrap_or_default();
    if lines.len() > SORT_MAX {
        return Err(MethodError::unsupported_sort().because("The sort has too many comparators."));
    }
    lines.into_iter().map(Comparator::read).collect()
}

/// The arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Whose.
    pub account: AccountId,
    /// As it was given; see [`Filter::read`].
    pub filter: Option<Value>,
    /// Empty: the type's default.
    pub sort: Vec<Comparator>,
    /// Which part of the results.
    pub window: Window,
    /// `total` is wanted.
    pub calculate_total: bool,
}

/// Which part of the results is wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Window {
    /// From here on; counted from the end where negative.
    pub position: i64,
    /// From this id on, and so many from it.
    pub anchor: Option<(String, i64)>,
    /// So many at most.
    pub limit: Option<usize>,
}

impl Query {
    /// Takes the arguments that every `/query` has; others stay.
    ///
    /// # Errors
    /// `accountNotFound`, `invalidArguments`, `unsupportedSort`.
    pub fn read(context: &Context<'_>, arguments: &mut Arguments) -> Result<Query, MethodError> {
        let account = arguments.account(context)?;
        let filter = arguments.take_value("filter");
        let sort = sort(arguments)?;
        let position = arguments.integer("position")?.unwrap_or(0);
        let anchor: Option<String> = arguments.take("anchor")?;
        let offset = arguments.integer("anchorOffset")?.unwrap_or(0);
        let limit = arguments.unsigned("limit")?.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let calculate_total = arguments.flag("calculateTotal", false)?;
        let anchor = anchor.map(|id| (context.resolve(&id).map(str::to_owned).unwrap_or(id), offset));
        Ok(Query { account, filter, sort, window: Window { position, anchor, limit }, calculate_total })
    }

    /// The answer.
    ///
    /// # Errors
    /// None.
    pub fn answer(&self, name: &'static str, found: Found, more: &[(&str, Value)]) -> Answer {
        let mut arguments = json!({
            "accountId": ids::of_account(self.account),
            "queryState": found.state.json(),
            "canCalculateChanges": found.can_calculate_changes,
            "position": found.position,
            "ids": found.ids,
        });
        if self.calculate_total {
            arguments["total"] = json!(found.total);
        }
        // RFC 8620 §5.5: told where it is not the client's own.
        if self.window.limit.is_none_or(|limit| limit > QUERY_MAX) {
            arguments["limit"] = json!(QUERY_MAX);
        }
        for (name, value) in more {
            arguments[*name] = value.clone();
        }
        answer(name, arguments)
    }
}

/// What a query found.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Found {
    pub state: State,
    pub can_calculate_changes: bool,
    pub position: usize,
    pub total: usize,
    pub ids: Vec<String>,
}

impl Window {
    /// Which of so many results are wanted; `place` tells where the anchor is among them.
    ///
    /// # Errors
    /// `anchorNotFound`.
    pub fn range(
        &self,
        total: usize,
        place: impl FnOnce(&str) -> Option<usize>,
    ) -> Result<std::ops::Range<usize>, MethodError> {
        let signed = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        // RFC 8620 §5.5: with an anchor the position counts for nothing, and what lies before the first result is it.
        let start = match &self.anchor {
            Some((anchor, offset)) => {
                let place = place(anchor).ok_or_else(MethodError::anchor_not_found)?;
                signed(place).saturating_add(*offset)
            }
            None if self.position < 0 => signed(total).saturating_add(self.position),
            None => self.position,
        };
        let start = usize::try_from(start.max(0)).unwrap_or(usize::MAX);
        let count = self.limit.unwrap_or(usize::MAX).min(QUERY_MAX);
        // RFC 8620 §5.5: a position past the end is no error; there is nothing.
        let from = start.min(total);
        Ok(from..from.saturating_add(count).min(total))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn window(position: i64, anchor: Option<i64>, limit: Option<usize>) -> Window {
        Window { position, anchor: anchor.map(|offset| ("x".to_owned(), offset)), limit }
    }

    #[test]
    fn windows_are_cut_as_the_rfc_says() {
        let of = |window: Window| window.range(10, |_| Some(4)).unwrap();
        assert_eq!(of(window(0, None, None)), 0..10);
        assert_eq!(of(window(3, None, Some(4))), 3..7);
        assert_eq!(of(window(-3, None, Some(2))), 7..9);
        assert_eq!(of(window(-30, None, Some(2))), 0..2);
        assert_eq!(of(window(20, None, Some(2))), 10..10);
        assert_eq!(of(window(7, Some(0), Some(2))), 4..6, "position counts for nothing");
        assert_eq!(of(window(0, Some(-2), Some(2))), 2..4);
        assert_eq!(of(window(0, Some(-20), Some(2))), 0..2);
        assert_eq!(of(window(0, Some(i64::MAX), Some(2))), 10..10);
        let large = window(0, None, None).range(QUERY_MAX + 1, |_| None).unwrap();
        assert_eq!(large, 0..QUERY_MAX, "one past it");
        let nowhere = window(0, Some(0), None).range(10, |_| None);
        assert_eq!(nowhere.unwrap_err().kind(), "anchorNotFound");
    }

    #[test]
    fn filters_have_a_limit() {
        let wide = |count: usize| json!({"operator": "OR", "conditions": vec![json!({"a": 1}); count]});
        let mut condition = |members: Map<String, Value>| Ok(members.len());
        assert!(Filter::read(wide(FILTER_MAX - 1), &mut condition).is_ok());
        let past = Filter::read(wide(FILTER_MAX), &mut condition);
        assert_eq!(past.unwrap_err().kind(), "unsupportedFilter", "one past it");
        for wrong in [json!(1), json!({"operator": "XOR", "conditions": []}), json!({"operator": "AND"})] {
            assert_eq!(Filter::read(wrong, &mut condition).unwrap_err().kind(), "invalidArguments");
        }
    }
}
