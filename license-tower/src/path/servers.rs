//! What servers do to paths, and paths that make it matter. The fuzz targets
//! include this file, too.

/// Something a server may do to a path before it routes it.
pub(crate) type Step = fn(&str) -> String;

fn decode_once(path: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some(first) = rest.chars().next() {
        let byte = rest.get(1..3).filter(|_| first == '%');
        match byte.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if byte.is_ascii() => {
                out.push(char::from(byte));
                rest = &rest[3..];
            }
            _ => {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    out
}

fn resolve_dots(path: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => drop(out.pop()),
            other => out.push(other),
        }
    }
    format!("/{}", out.join("/"))
}

fn drop_parameters(path: &str) -> String {
    let bare = path.split('/').map(|segment| segment.split(';').next().unwrap());
    bare.collect::<Vec<_>>().join("/")
}

pub(crate) const STEPS: &[Step] = &[
    decode_once,
    decode_once,
    resolve_dots,
    drop_parameters,
    |path| path.replace('\\', "/"),
    |path| path.replace("//", "/"),
    |path| path.to_ascii_lowercase(),
    |path| path.strip_suffix('/').unwrap_or(path).to_owned(),
];

pub(crate) const TOKENS: &[&str] = &[
    "/",
    "/",
    "/",
    "/",
    "api",
    "v1",
    "API",
    "%61pi",
    "%2561pi",
    "x",
    "..",
    ".",
    "%2e",
    "%2E.",
    "%252e%252e",
    "/..",
    "/../",
    "%2f",
    "%252f",
    "\\",
    "%5c",
    ";",
    "%3b",
    "%253b",
    ";/",
    "%",
    "25",
    "2f",
];
