//! Which changes are worth trying: by the names in view it looks as if somebody would lose the only partner.
//!
//! In: a change, what the package does to channels, and which of its methods close or cancel something. Out: yes or no. It is a guess that spares the reader of the results
//! most changes that harm nobody; what the engine says plays no part in it.

use crate::sites::{Deed, Kind, Site, Use};
use goleash::source::Span;
use std::collections::BTreeSet;

/// Whether the change at `site` of the file with that index may leave somebody waiting for ever.
pub(crate) fn plausible(
    site: &Site,
    file: usize,
    text: &[u8],
    uses: &[Vec<Use>],
    releases: &BTreeSet<String>,
) -> bool {
    let all = |name: &str| {
        let of = uses
            .iter()
            .enumerate()
            .flat_map(|(index, uses)| uses.iter().map(move |u| (index, u)));
        let inside = |(index, u): &(usize, &Use)| {
            *index == file && (site.function.0..=site.function.1).contains(&u.line)
        };
        let named: Vec<(usize, &Use)> = of.filter(|(_, u)| u.name == name).collect();
        // A variable of the function itself is somebody else's in another.
        let local = named
            .iter()
            .any(|use_| inside(use_) && matches!(use_.1.deed, Deed::Make { .. }));
        let named = named.into_iter().filter(|use_| !local || inside(use_));
        let others = named.filter(|(index, u)| *index != file || !site.span.contains(u.span));
        others.map(|(_, u)| u.deed).collect::<Vec<Deed>>()
    };
    let others = all(&site.name);
    let has = |deeds: &[Deed]| others.iter().any(|deed| deeds.contains(deed));
    match site.kind {
        Kind::Drain => {
            has(&[Deed::Send])
                && !has(&[
                    Deed::Receive,
                    Deed::Range,
                    Deed::CaseReceive,
                    Deed::Make { room: true },
                ])
        }
        Kind::Send => has(&[Deed::Receive]) && !has(&[Deed::Send, Deed::CaseSend, Deed::Close]),
        Kind::Close => {
            let serves = has(&[Deed::Send, Deed::CaseSend]);
            !has(&[Deed::Close]) && (has(&[Deed::Range]) || has(&[Deed::Receive]) && !serves)
        }
        Kind::Buffer => has(&[Deed::Send]),
        Kind::Done => has(&[Deed::Wait]),
        Kind::Arm | Kind::Default => {
            let ends = site.name == "Done" || has(&[Deed::Close]) || site.kind == Kind::Default;
            let rest = uses[file].iter().filter(|u| {
                u.line == site.select
                    && matches!(u.deed, Deed::CaseSend | Deed::CaseReceive)
                    && !site.span.contains(u.span)
            });
            let mut rest = rest.peekable();
            let makes = |name: &str| all(name).contains(&Deed::Make { room: false });
            ends && !site.keeps_default && rest.peek().is_some() && rest.all(|u| makes(&u.name))
        }
        Kind::Cancel => {
            let Span { start, end } = site.whole;
            let text = String::from_utf8_lossy(&text[start as usize..end as usize]);
            // Others end by themselves or by their owner.
            text.contains("WithCancel(context.Background()")
                || text.contains("WithCancel(context.TODO()")
        }
        Kind::Release => releases.contains(&site.name),
    }
}
