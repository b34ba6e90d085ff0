//! What goleash needs from a go.mod: module path, language version, `ignore` directives; and the modules of a go.work.
//!
//! In: the text of a go.mod or go.work. Out: a [`GoMod`]; lines it does not understand are skipped. Deliberately absent: reading
//! files, and dependencies.

use crate::package::GoVersion;

/// The newest version known, assumed where there is no go.mod.
pub const NEWEST: GoVersion = GoVersion {
    major: 1,
    minor: 27,
};

/// What Go assumes when a go.mod names no version.
pub const UNSTATED: GoVersion = GoVersion {
    major: 1,
    minor: 16,
};

/// A go.mod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoMod {
    /// The module path; empty when there is none.
    pub module: String,
    /// The language version, when a `go` line states it. What a `toolchain` line says does not matter.
    pub go: Option<GoVersion>,
    /// The folders that patterns do not enter, as written.
    pub ignore: Vec<String>,
    /// The folders of the modules of a workspace, as written; only a go.work has some.
    pub uses: Vec<String>,
}

impl GoMod {
    /// Reads the text of a go.mod.
    pub fn parse(text: &str) -> Self {
        let mut found = Self {
            module: String::new(),
            go: None,
            ignore: Vec::new(),
            uses: Vec::new(),
        };
        let mut block: Option<String> = None;
        for line in text.lines() {
            let words = words(line);
            match (block.as_deref(), words.as_slice()) {
                (Some(_), [close]) if close == ")" => block = None,
                (None, [directive, open]) if open == "(" => block = Some(directive.clone()),
                (Some(directive), [value, ..]) => found.directive(directive, value),
                (None, [directive, value, ..]) => found.directive(directive, value),
                _ => {}
            }
        }
        found
    }

    fn directive(&mut self, directive: &str, value: &str) {
        match directive {
            "module" => value.clone_into(&mut self.module),
            "go" => self.go = version(value).or(self.go),
            "ignore" => self.ignore.push(value.to_owned()),
            "use" => self.uses.push(value.to_owned()),
            _ => {}
        }
    }

    /// Whether an `ignore` directive names `folder`, given relative to the module root with `/` separators.
    ///
    /// A value that starts with `./` is a path from the module root; any other names folders at every depth.
    pub fn ignores(&self, folder: &str) -> bool {
        self.ignore.iter().any(|value| {
            let name = value.trim_end_matches('/');
            match name.strip_prefix("./") {
                Some(path) => folder == path,
                None => folder
                    .strip_suffix(name)
                    .is_some_and(|before| before.is_empty() || before.ends_with('/')),
            }
        })
    }
}

/// The words of a line without its comment; quotes are taken off, and parentheses stand alone.
fn words(line: &str) -> Vec<String> {
    let line = line.split_once("//").map_or(line, |(before, _)| before);
    line.replace('(', " ( ")
        .replace(')', " ) ")
        .split_whitespace()
        .map(|word| word.trim_matches(['"', '`']).to_owned())
        .collect()
}

/// Reads `1.22`, `1.22.3`, `1.22rc1`.
pub fn version(text: &str) -> Option<GoVersion> {
    let (major, rest) = text.split_once('.')?;
    let digits = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    Some(GoVersion {
        major: major.parse().ok()?,
        minor: rest[..digits].parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(text: &str) -> Option<u16> {
        GoMod::parse(text).go.map(|go| go.minor)
    }

    #[test]
    fn versions_come_in_several_spellings() {
        assert_eq!(minor("module a\n\ngo 1.22\n"), Some(22));
        assert_eq!(
            minor("module a\r\ngo 1.23.4 // newest\r\ntoolchain go1.27.3\r\n"),
            Some(23)
        );
        assert_eq!(minor("go 1.24rc1"), Some(24));
        assert_eq!(minor("go (\n\t1.21\n)"), Some(21));
        assert_eq!(minor("module a\n// go 1.22\n"), None);
        assert_eq!(minor("go latest"), None);
        assert_eq!(minor("require (\n\tgo.example/x v1.2.3\n)"), None);
    }

    #[test]
    fn module_and_ignore_directives_are_read() {
        let file = GoMod::parse(
            "module \"example.com/m\"\nignore ./web/static\nignore (\n\tnode\n\t`content/html`\n)\ngo 1.25\n",
        );
        assert_eq!(file.module, "example.com/m");
        assert_eq!(file.go.map(|go| go.minor), Some(25));
        assert_eq!(file.ignore, ["./web/static", "node", "content/html"]);
    }

    #[test]
    fn the_modules_of_a_workspace_are_read() {
        let file = GoMod::parse("go 1.27\n\nuse ./a\nuse (\n\t./b // second\n\t\"../c\"\n)\n");
        assert_eq!(file.uses, ["./a", "./b", "../c"]);
    }

    #[test]
    fn ignore_names_a_path_from_the_root_or_a_folder_at_any_depth() {
        let file = GoMod::parse("ignore ./web\nignore node\nignore content/html/");
        for folder in ["web", "node", "a/node", "content/html", "x/content/html"] {
            assert!(file.ignores(folder), "{folder}");
        }
        for folder in ["a/web", "xnode", "html", "mycontent/html", "web2"] {
            assert!(!file.ignores(folder), "{folder}");
        }
    }
}
