//! A page for a terminal: headings and emphasis in bold, code in a colour, paragraphs as wide as there is room.

use anstyle::{AnsiColor, Style};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use textwrap::Options;

/// Longer lines are hard to read, however wide the terminal is.
const MOST_COLUMNS: usize = 90;

/// What stands before each line of code.
const CODE_INDENT: &str = "  ";

const STRONG: Style = Style::new().bold();
const CODE: Style = AnsiColor::Cyan.on_default();
const QUIET: Style = Style::new().dimmed();

/// The page, with the escapes of its styles; whoever prints it takes them out where they are not wanted.
pub(super) fn rendered(markdown: &str, columns: usize) -> String {
    let mut page = Page {
        text: String::new(),
        paragraph: String::new(),
        outer: None,
        columns: columns.min(MOST_COLUMNS),
    };
    let mut events = Parser::new(markdown);
    while let Some(event) = events.next() {
        match event {
            Event::Start(Tag::Heading { .. } | Tag::Strong) => page.begin(STRONG),
            Event::End(TagEnd::Strong) => page.end(STRONG),
            Event::End(TagEnd::Heading(_)) => {
                page.end(STRONG);
                page.end_paragraph();
            }
            Event::Text(text) => page.paragraph.push_str(&text),
            Event::Code(code) => page.code(&code),
            Event::SoftBreak => page.paragraph.push(' '),
            Event::HardBreak => page.paragraph.push('\n'),
            Event::End(TagEnd::Paragraph) => page.end_paragraph(),
            Event::Start(Tag::CodeBlock(kind)) => {
                let mut code = String::new();
                while let Some(Event::Text(text)) = events.next() {
                    code.push_str(&text);
                }
                page.block(&kind, &code);
            }
            // Of a link its text stays. Whatever else Markdown has, no page has; a test looks.
            _ => {}
        }
    }
    page.text
}

struct Page {
    text: String,
    paragraph: String,
    /// What goes on behind code.
    outer: Option<Style>,
    columns: usize,
}

impl Page {
    fn begin(&mut self, style: Style) {
        self.outer = Some(style);
        self.paragraph.push_str(&style.render().to_string());
    }

    fn end(&mut self, style: Style) {
        self.outer = None;
        self.paragraph.push_str(&style.render_reset().to_string());
    }

    fn code(&mut self, code: &str) {
        self.paragraph.push_str(&format!("{CODE}{code}{CODE:#}"));
        if let Some(outer) = self.outer {
            self.paragraph.push_str(&outer.render().to_string());
        }
    }

    fn separate(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    fn end_paragraph(&mut self) {
        self.separate();
        let paragraph = std::mem::take(&mut self.paragraph);
        // A word such as `--default-region` stays whole.
        let options = Options::new(self.columns).word_splitter(textwrap::WordSplitter::NoHyphenation);
        for line in textwrap::wrap(&paragraph, options) {
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }

    /// A block of code as it is, with the name of the file that it is, if it is one.
    fn block(&mut self, kind: &CodeBlockKind<'_>, code: &str) {
        self.separate();
        if let CodeBlockKind::Fenced(info) = kind
            && let Some((_, file)) = info.split_once(' ')
        {
            self.text.push_str(&format!("{CODE_INDENT}{QUIET}{file}:{QUIET:#}\n"));
        }
        for line in code.lines() {
            self.text.push_str(&format!("{CODE_INDENT}{CODE}{line}{CODE:#}\n"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::pages;
    use super::*;

    #[test]
    fn no_page_has_a_mark_of_markdown_left_or_a_paragraph_that_is_too_wide() {
        for columns in [40, 80, 200] {
            for page in pages() {
                let shown = anstream::adapter::strip_str(&rendered(page.text, columns)).to_string();
                assert!(shown.starts_with(&format!("{}\n\n", page.code)), "{shown}");
                for line in shown.lines().filter(|line| !line.starts_with(CODE_INDENT)) {
                    assert!(!line.contains(['`', '*']) && !line.contains("]("), "{}: {line}", page.code);
                    assert!(!line.starts_with(['#', '|']), "{}: {line}", page.code);
                    assert!(line.chars().count() <= columns.min(MOST_COLUMNS), "{}: {line}", page.code);
                }
                let words = |text: &str| text.split_whitespace().filter(|word| word.len() > 2).count();
                assert!(
                    words(&shown) + 12 > words(page.text),
                    "{}: something is missing: {shown}",
                    page.code
                );
            }
        }
    }

    #[test]
    fn headings_are_bold_and_code_has_a_colour() {
        let shown = rendered("# a-code\n\n**Why `x` so.** See [all](b.md) `y`.\n", 80);
        assert_eq!(
            shown,
            "\u{1b}[1ma-code\u{1b}[0m\n\n\u{1b}[1mWhy \u{1b}[36mx\u{1b}[0m\u{1b}[1m so.\u{1b}[0m See all \u{1b}[36my\u{1b}[0m.\n"
        );
    }
}
