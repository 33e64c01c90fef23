//! Blanks comments and the insides of quotes, so that rules can look for words without parsing Rust.
//!
//! Lines and columns stay where they are. Enough of Rust's lexer for that: nested block comments, raw strings, and the
//! difference between a character and a lifetime.

/// `text` with spaces for every character of a comment or inside quotes, line ends kept.
pub fn mask(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match token_end(&chars, at) {
            Some(end) => end,
            None => {
                masked.push(chars[at]);
                at += 1;
                continue;
            }
        };
        masked.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
        at = end;
    }
    masked
}

/// Where the comment or literal that starts at `at` ends; `None` if none starts there.
fn token_end(chars: &[char], at: usize) -> Option<usize> {
    let next = chars.get(at + 1).copied();
    match chars[at] {
        '/' if next == Some('/') => Some(find(chars, at, |c| c == '\n')),
        '/' if next == Some('*') => Some(block_comment_end(chars, at)),
        '"' => Some(quoted_end(chars, at, '"')),
        'r' if !continues_word(chars, at) => raw_string_end(chars, at + 1),
        'b' if !continues_word(chars, at) && next == Some('r') => raw_string_end(chars, at + 2),
        '\'' if is_char(chars, at) => Some(quoted_end(chars, at, '\'')),
        _ => None,
    }
}

fn find(chars: &[char], from: usize, wanted: impl Fn(char) -> bool) -> usize {
    (from..chars.len()).find(|at| wanted(chars[*at])).unwrap_or(chars.len())
}

fn continues_word(chars: &[char], at: usize) -> bool {
    at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_')
}

fn block_comment_end(chars: &[char], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at.min(chars.len())
}

fn quoted_end(chars: &[char], start: usize, quote: char) -> usize {
    let mut at = start + 1;
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// `at` is behind the `r`; there may be no string at all (`r#type` is a name).
fn raw_string_end(chars: &[char], at: usize) -> Option<usize> {
    let open = find(chars, at, |c| c != '#');
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let hashes = open - at;
    let is_end = |end: usize| {
        chars[end] == '"'
            && end + hashes < chars.len()
            && chars[end + 1..=end + hashes].iter().all(|c| *c == '#')
    };
    let end = (open + 1..chars.len()).find(|end| is_end(*end));
    Some(end.map_or(chars.len(), |end| end + hashes + 1))
}

/// `'a'` and `'\n'` are characters; `'a` in `&'a str` is a lifetime.
fn is_char(chars: &[char], at: usize) -> bool {
    chars.get(at + 1) == Some(&'\\') || chars.get(at + 2) == Some(&'\'')
}
