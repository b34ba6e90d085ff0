//! What a user can ask the server to do.

use crate::rules::by_id;
use serde::Serialize;
use serde_json::Value;

/// Explains a rule; its argument is the rule's id.
pub(super) const EXPLAIN: &str = "goleash.explain";
/// Looks at every package of the workspace.
pub(super) const CHECK_WORKSPACE: &str = "goleash.checkWorkspace";

/// The answer to [`EXPLAIN`].
#[derive(Clone, Debug, Serialize)]
pub(super) struct Explanation {
    /// The rule's id.
    pub(super) rule: &'static str,
    /// Its title.
    pub(super) title: String,
    /// Its first paragraph.
    #[serde(skip)]
    pub(super) lead: String,
    /// Its page, for clients that show it themselves.
    pub(super) markdown: &'static str,
    /// Where the page is on the web.
    pub(super) url: String,
}

/// The explanation of the rule that the arguments name.
pub(super) fn explanation(arguments: &[Value]) -> Result<Explanation, String> {
    let name = arguments
        .first()
        .and_then(Value::as_str)
        .ok_or_else(|| format!("`{EXPLAIN}` wants the id of a rule"))?;
    let rule = by_id(name).ok_or_else(|| format!("there is no rule `{name}`"))?;
    Ok(Explanation {
        rule: rule.id,
        title: rule.metadata().title,
        lead: rule.lead(),
        markdown: rule.markdown(),
        url: rule.url(),
    })
}
