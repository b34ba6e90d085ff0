//! Repairs: what a rule asks for, rendered into edits with the syntax at hand.
//!
//! In: a [`FixWish`] and the syntax of its package ([`Bench`]). Out: [`Draft`]s, the best first; none where the kind of
//! repair does not fit the code. Whether a draft removes the finding is not known here: who can analyse the edited source
//! has to look.

mod align;
mod apply;
mod bench;
mod bound;
mod close;
mod comments;
mod done;
mod drain;
mod exits;
mod group;
mod hidden;
mod imports;
mod leave;
mod lines;
mod names;
mod pipe;
mod plan;
mod quiet;
mod release;
mod room;
mod scope;
mod select;
mod signal;
mod steady;
mod text;
mod total;
mod tree;
mod uses;
mod zero;

pub use apply::Changes;
pub use bench::Bench;
pub use hidden::is_hidden;
pub use plan::{Plan, best, plan};

use crate::finding::{Edit, FixKind, FixWish};

/// A repair that nobody has checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What it does: a verb phrase.
    pub title: String,
    /// The kind of repair.
    pub kind: FixKind,
    /// Whether the preconditions that can be read off the syntax hold.
    pub safe: bool,
    /// The edits, sorted by place.
    pub edits: Vec<Edit>,
}

/// The ways to grant a wish, the best first.
pub fn drafts(wish: &FixWish, bench: &Bench<'_>) -> Vec<Draft> {
    let anchors = &wish.anchors;
    let one = |draft: Option<Draft>| draft.into_iter().collect();
    let mut drafts: Vec<Draft> = match wish.kind {
        FixKind::RoomForOne => one(room::one(bench, anchors)),
        FixKind::RoomForAll => one(room::all(bench, anchors)),
        FixKind::SelectStop => select::stop(bench, anchors),
        FixKind::ReturnAfterSend => one(leave::after_send(bench, anchors)),
        FixKind::Close => close::close(bench, anchors),
        FixKind::DeferDone => one(done::deferred(bench, anchors)),
        FixKind::Drain => one(drain::before_leaving(bench, anchors)),
        FixKind::DeferRelease => one(release::deferred(bench, anchors)),
        FixKind::CloseReader => one(pipe::closed(bench, anchors, pipe::End::Reader)),
        FixKind::CloseWriter => one(pipe::closed(bench, anchors, pipe::End::Writer)),
    };
    for draft in &mut drafts {
        draft.edits = settled(bench, std::mem::take(&mut draft.edits));
    }
    drafts
}

/// The edits with what has to change with them, sorted.
fn settled(bench: &Bench<'_>, mut edits: Vec<Edit>) -> Vec<Edit> {
    edits.sort_by_key(|edit| edit.at);
    let by_file = edits.chunk_by(|a, b| a.at.file == b.at.file);
    by_file
        .flat_map(|edits| {
            let id = edits[0].at.file;
            match bench.tree(id) {
                Some(tree) => align::aligned(id, tree.source, edits.to_vec()),
                None => edits.to_vec(),
            }
        })
        .collect()
}
