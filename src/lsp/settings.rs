//! What the user set in the editor.
//!
//! In: JSON from `initializationOptions`, `workspace/configuration` or `workspace/didChangeConfiguration`. Out:
//! [`Settings`]. What is not set is left to the project's configuration file, and what neither sets to the defaults.

use crate::analyze::Options;
use crate::leak::Confidence;
use serde::Deserialize;
use serde_json::Value;

/// The section of the editor's settings that is goleash's.
pub(super) const SECTION: &str = "goleash";

/// The settings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Settings {
    /// Whether anything is shown at all.
    pub(super) enable: bool,
    /// When a package is looked at.
    pub(super) run: Run,
    /// Findings below this are not shown.
    pub(super) min_confidence: Option<Level>,
    /// Report in `_test.go` files.
    pub(super) tests: Option<bool>,
    /// Report in generated files.
    pub(super) generated: Option<bool>,
    /// Offer the whole workspace to clients that ask for it by themselves.
    pub(super) workspace_diagnostics: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enable: true,
            run: Run::OnType,
            min_confidence: None,
            tests: None,
            generated: None,
            workspace_diagnostics: false,
        }
    }
}

/// When a package is looked at; always when a file of it is opened or saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Run {
    /// Also while somebody types.
    #[default]
    OnType,
    /// Not otherwise.
    OnSave,
}

/// A confidence as users write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    Low,
    Medium,
    High,
}

impl Settings {
    /// Reads settings; they may stand in a section of their own. `null` means the defaults.
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        let value = value.get(SECTION).unwrap_or(value);
        if value.is_null() {
            return Ok(Self::default());
        }
        // A `null` in one field is how editors say that it is not set.
        let mut value = value.clone();
        if let Some(fields) = value.as_object_mut() {
            fields.retain(|_, field| !field.is_null());
        }
        serde_json::from_value(value).map_err(|error| format!("the settings of goleash: {error}"))
    }

    /// Puts what is set over what a project says.
    pub(super) fn apply(&self, options: &mut Options) {
        if let Some(level) = self.min_confidence {
            options.min_confidence = match level {
                Level::Low => Confidence::Low,
                Level::Medium => Confidence::Medium,
                Level::High => Confidence::High,
            };
        }
        options.tests = self.tests.unwrap_or(options.tests);
        options.generated = self.generated.unwrap_or(options.generated);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_set_is_left_alone() {
        for nothing in [
            json!(null),
            json!({}),
            json!({"goleash": null}),
            json!({"goleash": {"tests": null}}),
        ] {
            assert_eq!(
                Settings::read(&nothing),
                Ok(Settings::default()),
                "{nothing}"
            );
        }
        let mut options = Options::default();
        let before = format!("{options:?}");
        Settings::default().apply(&mut options);
        assert_eq!(format!("{options:?}"), before);
    }

    #[test]
    fn settings_come_with_and_without_their_section() {
        let settings =
            json!({"run": "onSave", "minConfidence": "low", "tests": false, "later": [1]});
        let read = Settings::read(&settings).expect("settings");
        assert_eq!(
            Ok(&read),
            Settings::read(&json!({"goleash": settings})).as_ref()
        );
        assert_eq!(read.run, Run::OnSave);
        let mut options = Options::default();
        read.apply(&mut options);
        assert_eq!(options.min_confidence, Confidence::Low);
        assert!(!options.tests);
        let error = Settings::read(&json!({"run": "always"})).expect_err("no such value");
        assert!(error.contains("onType"), "{error}");
    }
}
