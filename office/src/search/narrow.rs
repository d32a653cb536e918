//! What the index says of messages before any is looked at. It answers for the texts it keeps whole, rules out by grams,
//! and leaves the rest open; what came after it was made is left open too.

use super::matching::Open;
use message::search::{Column, Implied, Leaf, Plan};
use std::sync::Arc;
use store::types::AccountId;
use store::{Bits, BlockRange, Blocks, Store, StoreError};

/// The blocks of an account, as they were when the search began.
pub(super) struct Narrowing {
    blocks: Vec<BlockRange>,
}

impl Narrowing {
    /// `None` where the index can say nothing to the questions.
    pub async fn of(store: &Store, account: AccountId, plan: &Plan) -> Result<Narrowing, StoreError> {
        let mut blocks = None;
        if plan.leaves().iter().any(|leaf| leaf.implies().is_some()) {
            blocks = store.in_index(move |blocks| blocks.of(account)).await?;
        }
        Ok(Narrowing { blocks: blocks.unwrap_or_default() })
    }

    /// Answers what can be, of messages in the order of e-mails. `None`: nothing is known, and they are given up.
    pub async fn narrow(
        &self,
        store: &Store,
        plan: &Arc<Plan>,
        open: Vec<Open>,
    ) -> Result<Option<Vec<Open>>, StoreError> {
        let (Some(first), Some(last)) = (open.first(), open.last()) else { return Ok(Some(open)) };
        let start = self.blocks.partition_point(|block| block.last.0.unsigned_abs() < first.email);
        let end = self.blocks.partition_point(|block| block.first.0.unsigned_abs() <= last.email);
        let blocks = self.blocks.get(start..end).unwrap_or(&[]).to_vec();
        if blocks.is_empty() {
            return Ok(Some(open));
        }
        let plan = plan.clone();
        store.in_index(move |index| ask(index, &blocks, &plan, open)).await
    }
}

fn ask(index: &Blocks<'_>, blocks: &[BlockRange], plan: &Plan, mut open: Vec<Open>) -> Result<Vec<Open>, StoreError> {
    let questions: Vec<(usize, &Leaf, Implied<'_>)> =
        (0..).zip(plan.leaves()).filter_map(|(at, leaf)| Some((at, leaf, leaf.implies()?))).collect();
    for block in blocks {
        let start = open.partition_point(|open| open.email < block.first.0.unsigned_abs());
        let end = open.partition_point(|open| open.email <= block.last.0.unsigned_abs());
        let here = open.get_mut(start..end).unwrap_or(&mut []);
        // It may have been joined with another meanwhile: then nothing is said.
        let Some(emails) = index.emails(block.id)?.filter(|_| !here.is_empty()) else { continue };
        for (at, leaf, implied) in &questions {
            let says = say(index, block.id, emails.len(), (leaf, implied))?;
            for open in here.iter_mut() {
                if let Ok(place) = emails.binary_search(&open.email)
                    && let Some(known @ None) = open.known.get_mut(*at)
                {
                    *known = says.of(place);
                }
            }
        }
    }
    Ok(open)
}

/// What a block says to one question.
struct Says {
    yes: Bits,
    /// Those that may be; `None`: none but those of `yes`.
    open: Option<Bits>,
}

impl Says {
    fn of(&self, place: usize) -> Option<bool> {
        let open = self.open.as_ref().is_some_and(|open| open.has(place));
        if self.yes.has(place) { Some(true) } else { (!open).then_some(false) }
    }
}

fn say(
    index: &Blocks<'_>,
    block: i64,
    count: usize,
    (leaf, implied): (&Leaf, &Implied<'_>),
) -> Result<Says, StoreError> {
    match implied {
        Implied::Column(column, needle) => {
            Ok(Says { yes: holding(&index.column(block, column.place())?, count, needle), open: None })
        }
        Implied::Grams(grams) => {
            let open = index.having(block, grams)?;
            // A subject stands in the kept text as it stands in the header.
            let yes = match leaf {
                Leaf::Text(needle) if !open.is_empty() => {
                    holding(&index.column(block, Column::Subject.place())?, count, needle)
                }
                _ => Bits::none(count),
            };
            Ok(Says { yes, open: Some(open) })
        }
    }
}

/// The messages whose texts hold a needle.
fn holding(column: &store::Column, count: usize, needle: &message::search::Needle) -> Bits {
    let mut holding = Bits::none(count);
    if needle.folded().is_empty() {
        (0..count).for_each(|place| holding.add(place));
        return holding;
    }
    let mut at = 0;
    while let Some(found) = needle.find(&column.text, at) {
        let place = column.ends.partition_point(|end| *end as usize <= found);
        let end = column.ends.get(place).map_or(column.text.len(), |end| *end as usize);
        // One that begins in a text and ends in the next is none.
        let within = found + needle.folded().len() <= end;
        if within {
            holding.add(place);
        }
        at = if within { end } else { found + 1 };
    }
    holding
}
