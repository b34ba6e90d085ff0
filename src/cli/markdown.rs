//! Markdown for a terminal: headings stand out, paragraphs are wrapped, code is set off.
//!
//! In: the Markdown of a rule's page, and how wide the terminal is. Out: text with ANSI sequences, or without where
//! colour is not wanted. Deliberately absent: highlighting of code, images, HTML.

use anstyle::{AnsiColor, Style};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use std::fmt::Write as _;
use textwrap::core::display_width;

/// How to draw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// Columns to fill.
    pub(super) width: usize,
    /// Whether ANSI sequences are welcome.
    pub(super) color: bool,
}

const HEADING: Style = Style::new().bold().underline();
const CODE: Style = AnsiColor::Cyan.on_default();
const STRONG: Style = Style::new().bold();
const EMPHASIS: Style = Style::new().italic();
const LINK: Style = Style::new().underline();

/// Draws a page.
pub(super) fn render(markdown: &str, look: Look) -> String {
    let mut page = Page {
        look,
        out: String::new(),
        line: String::new(),
        styles: Vec::new(),
        lists: Vec::new(),
        marker: None,
        code: None,
        link: None,
        table: Vec::new(),
    };
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        page.event(event);
    }
    page.out.trim_end().to_owned() + "\n"
}

struct Page {
    look: Look,
    out: String,
    /// The paragraph, heading or cell that is being read; its blanks are where it may be broken.
    line: String,
    styles: Vec<Style>,
    /// The number of the next item, for each list around; `None` where items have none.
    lists: Vec<Option<u64>>,
    /// What stands before the first line of an item.
    marker: Option<String>,
    /// The text of the code block that is being read.
    code: Option<String>,
    /// Where the link that is being read leads, and where in `line` its text begins.
    link: Option<(String, usize)>,
    /// The rows of the table that is being read.
    table: Vec<Vec<String>>,
}

impl Page {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some(code) => code.push_str(&text),
                None => self.line.push_str(&text),
            },
            Event::Code(text) => {
                // Without colour it keeps the marks it is written with.
                if self.look.color {
                    self.styled(CODE, &text);
                } else {
                    let _ = write!(self.line, "`{text}`");
                }
            }
            Event::SoftBreak => self.line.push(' '),
            Event::HardBreak => self.line.push('\n'),
            Event::Rule => self.block("───"),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } => self.open(HEADING),
            Tag::Strong => self.open(STRONG),
            Tag::Emphasis => self.open(EMPHASIS),
            Tag::Link { dest_url, .. } => {
                self.link = Some((dest_url.into_string(), self.line.len()));
                self.open(LINK);
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
                self.code = Some(String::new());
            }
            Tag::List(first) => {
                self.flush();
                self.lists.push(first);
            }
            Tag::Item => {
                self.marker = Some(match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "• ".to_owned(),
                });
            }
            Tag::Table(_) => self.table.clear(),
            Tag::TableHead | Tag::TableRow => self.table.push(Vec::new()),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                self.close();
                self.flush();
            }
            TagEnd::Strong | TagEnd::Emphasis => self.close(),
            TagEnd::Link => {
                self.close();
                self.show_target();
            }
            TagEnd::Paragraph => self.flush(),
            TagEnd::Item => {
                self.flush();
                self.marker = None;
            }
            TagEnd::List(_) => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.out.push('\n');
                }
            }
            TagEnd::CodeBlock => self.code_block(),
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.line);
                self.table
                    .last_mut()
                    .into_iter()
                    .for_each(|row| row.push(cell.clone()));
            }
            TagEnd::Table => self.show_table(),
            _ => {}
        }
    }

    fn open(&mut self, style: Style) {
        self.styles.push(style);
        if self.look.color {
            let _ = write!(self.line, "{style}");
        }
    }

    fn close(&mut self) {
        let style = self.styles.pop();
        if let (Some(style), true) = (style, self.look.color) {
            let _ = write!(self.line, "{style:#}");
            for outer in &self.styles {
                let _ = write!(self.line, "{outer}");
            }
        }
    }

    fn styled(&mut self, style: Style, text: &str) {
        self.open(style);
        self.line.push_str(text);
        self.close();
    }

    /// Names the target of a link that leads out of the page, unless it is what the link says.
    fn show_target(&mut self) {
        if let Some((target, from)) = self.link.take() {
            let says = &self.line[from..];
            if target.contains("://") && !says.contains(&target) {
                let _ = write!(self.line, " <{target}>");
            }
        }
    }

    /// Ends the paragraph, heading or item text.
    fn flush(&mut self) {
        let text = std::mem::take(&mut self.line);
        if text.trim().is_empty() {
            return;
        }
        self.block(&text);
    }

    fn block(&mut self, text: &str) {
        let depth = self.lists.len();
        let outside = "  ".repeat(depth.saturating_sub(1));
        let (first, rest) = if let Some(marker) = self.marker.take() {
            let blank = " ".repeat(display_width(&marker));
            (format!("{outside}{marker}"), format!("{outside}{blank}"))
        } else {
            let blank = "  ".repeat(depth);
            (blank.clone(), blank)
        };
        let options = textwrap::Options::new(self.look.width)
            .initial_indent(&first)
            .subsequent_indent(&rest)
            .break_words(false)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        for line in textwrap::wrap(text, options) {
            self.out.push_str(line.trim_end());
            self.out.push('\n');
        }
        if depth == 0 {
            self.out.push('\n');
        }
    }

    /// Code is indented and never wrapped: a line that is too long for the terminal stays one line.
    fn code_block(&mut self) {
        let code = self.code.take().unwrap_or_default();
        let (on, off) = if self.look.color {
            (CODE.render().to_string(), CODE.render_reset().to_string())
        } else {
            (String::new(), String::new())
        };
        for line in code.lines() {
            let line = line.replace('\t', "    ");
            if line.is_empty() {
                self.out.push('\n');
            } else {
                let _ = writeln!(self.out, "    {on}{line}{off}");
            }
        }
        self.out.push('\n');
    }

    fn show_table(&mut self) {
        let rows = std::mem::take(&mut self.table);
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| display_width(cell)).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &rows {
            let cells = row.iter().zip(&widths).map(|(cell, width)| {
                let blank = " ".repeat(width - display_width(cell));
                format!("{cell}{blank}")
            });
            let line = cells.collect::<Vec<_>>().join("  ");
            self.out.push_str(line.trim_end());
            self.out.push('\n');
        }
        self.out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "A *lead* with `code` that is\nwrapped here.

## Leaks

```go leaks
func f() {
\treturn

}
```

- one
- two is longer than the others are and goes on
  1. inner

See [the page](https://example.com/x) or [here](other.md).

| Rule | What |
| --- | --- |
| `a` | first |
| bcd | second |
";

    #[test]
    fn without_colour_it_is_laid_out_text() {
        let look = Look {
            width: 30,
            color: false,
        };
        let expected = "\
A lead with `code` that is
wrapped here.

Leaks

    func f() {
        return

    }

• one
• two is longer than the
  others are and goes on
  1. inner

See the page
<https://example.com/x> or
here.

Rule  What
`a`   first
bcd   second
";
        assert_eq!(render(PAGE, look), expected);
    }

    #[test]
    fn colour_is_switched_off_again_and_changes_no_word() {
        let look = Look {
            width: 30,
            color: true,
        };
        let drawn = render(PAGE, look);
        assert!(
            drawn.contains("\u{1b}[1m\u{1b}[4mLeaks\u{1b}[0m"),
            "{drawn:?}"
        );
        assert!(drawn.contains("\u{1b}[36mcode\u{1b}[0m"), "{drawn:?}");
        let mut plain = String::new();
        let mut rest = drawn.as_str();
        while let Some((before, after)) = rest.split_once("\u{1b}[") {
            plain.push_str(before);
            rest = after.split_once('m').expect("the end of a sequence").1;
        }
        plain.push_str(rest);
        let uncoloured = Look {
            color: false,
            ..look
        };
        // Inline code loses its marks, so lines may break elsewhere.
        let words = |text: &str| {
            let text = text.replace('`', "");
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(words(&plain), words(&render(PAGE, uncoloured)));
    }
}
