//! RETURN of SEARCH, SORT and ESEARCH (RFC 4731, RFC 5182, RFC 5267, RFC 6203, RFC 9394).

use super::super::command::{PartialRange, Returns};
use super::super::limits::ITEMS;
use super::cursor::Cursor;
use super::{Parsed, SyntaxError, fetch};

/// `RETURN (...)` and the space after it, where it stands here.
pub(super) fn returns(c: &mut Cursor<'_>) -> Parsed<Option<Returns>> {
    if !c.eat_word("RETURN") {
        return Ok(None);
    }
    c.sp()?;
    let mut returns = Returns::default();
    c.perhaps_empty_list(ITEMS, |c| option(&mut returns, c))?;
    c.sp()?;
    // RFC 4731 §3.1.
    returns.all |= returns == Returns::default();
    Ok(Some(returns))
}

fn option(returns: &mut Returns, c: &mut Cursor<'_>) -> Parsed<()> {
    let at = c.at();
    match c.keyword("a return option")?.as_str() {
        "MIN" => returns.min = true,
        "MAX" => returns.max = true,
        "ALL" => returns.all = true,
        "COUNT" => returns.count = true,
        "SAVE" => returns.save = true,
        "RELEVANCY" => returns.relevancy = true,
        "CONTEXT" => returns.context = true,
        "UPDATE" => returns.update = Some(update(c)?),
        "PARTIAL" => returns.partial = Some(c.argument(partial_range)?),
        _ => return Err(SyntaxError::expected(at, "a return option")),
    }
    Ok(())
}

/// RFC 5465 §8 writes the list right after `UPDATE`; the generic syntax of RFC 4466 has a space between.
fn update(c: &mut Cursor<'_>) -> Parsed<Vec<super::super::command::FetchItem>> {
    if c.rest().starts_with(b" (") {
        c.sp()?;
    }
    if c.peek() == Some(b'(') { c.list(ITEMS, fetch::item) } else { Ok(Vec::new()) }
}

/// RFC 9394 §4: `1:100`, or `-1:-100` from the end.
pub(super) fn partial_range(c: &mut Cursor<'_>) -> Parsed<PartialRange> {
    let from_end = c.eat(b'-');
    let a = c.nz_number()?;
    c.need(b':', "a range like 1:100")?;
    if from_end {
        c.need(b'-', "a range like -1:-100")?;
    }
    let b = c.nz_number()?;
    Ok(PartialRange { first: a.min(b), last: a.max(b), from_end })
}
