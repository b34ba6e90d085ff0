//! Finds runs that end with a goroutine stuck for ever.
//!
//! In: the skeletons and summaries of a package, and a root. Out: [`crate::leak::Leak`]s with their witnesses.
//! [`machine`] and [`step`] say what one goroutine does, [`transition`] what several do together, [`stuck`] who can
//! never go on; [`explore`] searches, [`witness`] repeats the run that was found and tells it.

pub mod answers;
mod asked;
mod assumptions;
mod begin;
mod call;
mod callers;
mod checks;
mod claims;
mod compact;
mod contexts;
mod counts;
mod decide;
mod dynamic;
mod encode;
mod entries;
mod eval;
pub mod explore;
mod facts;
mod frontier;
mod groups;
pub mod handed;
mod holders;
mod idle;
mod leave;
mod library_call;
mod locks;
pub mod machine;
mod nil;
mod numbers;
mod orders;
mod origin;
mod parts;
mod prospects;
mod reads;
mod records;
mod shapes;
pub mod shared;
mod spawn;
pub mod state;
mod step;
mod story;
mod stranding;
mod stuck;
mod transition;
pub mod witness;
