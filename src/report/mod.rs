//! Output formats: one pure function each, from a report to text.

pub mod rules;

/// How a run went, for formats that record it.
#[derive(Clone, Copy, Debug)]
pub struct Invocation {
    /// Version of goleash.
    pub version: &'static str,
    /// Whether nothing went wrong that the exit code 2 stands for.
    pub execution_successful: bool,
    /// The exit code.
    pub exit_code: i32,
}

// Stand-ins with the signatures of the real formats.

/// Text for people.
pub mod human {
    /// How it is drawn.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct Style {
        /// With ANSI colours.
        pub color: bool,
    }

    /// Draws every finding with its source.
    pub fn render(report: &crate::analyze::Report, _style: &Style) -> String {
        super::concise::render(report)
    }
}

/// One line per finding.
pub mod concise {
    /// `file:line:col: severity: message [rule]`
    pub fn render(report: &crate::analyze::Report) -> String {
        report
            .findings
            .iter()
            .fold(String::new(), |text, f| text + &f.message + "\n")
    }
}

/// JSON.
pub mod json {
    /// Every field of every finding.
    pub fn render(report: &crate::analyze::Report, run: &super::Invocation) -> String {
        let value =
            serde_json::json!({"findings": report.findings.len(), "exit_code": run.exit_code});
        format!("{value}\n")
    }
}

/// SARIF 2.1.0.
pub mod sarif {
    /// One run.
    pub fn render(_report: &crate::analyze::Report, run: &super::Invocation) -> String {
        let value = serde_json::json!({"version": "2.1.0", "runs": [{"exitCode": run.exit_code}]});
        format!("{value}\n")
    }
}
