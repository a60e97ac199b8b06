//! `license diff`.

use std::path::{Path, PathBuf};

use clap::Args;
use license_core::{Change, Difference, License, Timestamp};
use serde_json::{Value, json};

use crate::{
    decode::{self, Decoded, PROVES_NOTHING, TrustArgs},
    facts,
    failure::Failure,
    read, text, time, write,
};

/// Shows what a license gains and loses against another, as a renewal does.
///
/// A renewal that a service would refuse, because it was issued before the
/// old license, ends with exit status 1.
#[derive(Args)]
pub(crate) struct Diff {
    /// The old license, or `-` for standard input.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The new license, or `-` for standard input.
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Reads the claims as this product does; without it, as standard claims.
    #[arg(long, value_name = "PROFILE.toml")]
    product: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    /// Writes JSON.
    #[arg(long)]
    json: bool,
}

/// Two licenses and what lies between them.
struct Comparison {
    old: License,
    new: License,
    /// Whether they are one license.
    same: bool,
    difference: Difference,
}

impl Diff {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let input = Path::new("-");
        if self.old == input && self.new == input {
            return Err(Failure::usage("only one of the licenses can come from standard input"));
        }
        let (old, new) = (decode::token(&self.old)?, decode::token(&self.new)?);
        let product = match &self.product {
            Some(path) => read::product(path)?,
            None => decode::product_of(&old)?,
        };
        let old = self.trust.decode(&product, old).map_err(|it| it.of("the old license"))?;
        let new = self.trust.decode(&product, new).map_err(|it| it.of("the new license"))?;
        let comparison = Comparison::of(old, new);
        let now = time::now();
        let shown = if self.json {
            text::json(&comparison.json(self.trust.verifies(), now))
        } else {
            comparison.lines(self.trust.verifies(), now)
        };
        write::line(&shown)?;
        if comparison.difference.older { Err(Failure::told()) } else { Ok(()) }
    }
}

impl Comparison {
    fn of(old: Decoded, new: Decoded) -> Self {
        let same = old.token.digest() == new.token.digest();
        let difference = Difference::between(Some(&old.license), &new.license);
        Self { old: old.license, new: new.license, same, difference }
    }

    fn json(&self, verified: bool, now: Timestamp) -> Value {
        let difference = &self.difference;
        json!({
            "verified": verified,
            "same_license": self.same,
            "same_id": difference.same_id,
            "refused": difference.older.then_some("older_than_installed"),
            "warnings": self.warnings(now),
            "gained": difference.gained,
            "lost": difference.lost,
            "changed": difference.changed,
            "days": difference.days,
            "old": Value::Object(facts::members(&self.old, now)),
            "new": Value::Object(facts::members(&self.new, now)),
        })
    }

    fn lines(&self, verified: bool, now: Timestamp) -> String {
        let difference = &self.difference;
        let proof = if verified { "Both signatures are good." } else { PROVES_NOTHING };
        let kind = match (self.same, difference.same_id) {
            (true, _) => "the same license: installing it changes nothing",
            (false, true) => "a renewal: the same id",
            (false, false) => "another license: the ids differ",
        };
        let mut shown = format!("{proof}\n\n{kind}\n");
        for warning in self.warnings(now) {
            shown.push_str(&format!("warning: {warning}\n"));
        }
        if self.same {
            return shown;
        }
        let mut list = |name: &str, sign: char, items: &[String]| {
            shown.push_str(&format!("\n{name}\n"));
            for item in items {
                shown.push_str(&format!("  {sign} {}\n", text::shown(item)));
            }
            if items.is_empty() {
                shown.push_str("  nothing\n");
            }
        };
        list("gained", '+', &difference.gained);
        list("lost", '-', &difference.lost);
        shown.push_str("\nchanged\n");
        for change in &difference.changed {
            shown.push_str(&self.change(change));
        }
        if difference.changed.is_empty() {
            shown.push_str("  nothing\n");
        }
        shown
    }

    fn change(&self, change: &Change) -> String {
        let side = |value: &Option<String>| value.as_deref().map_or("none".to_owned(), text::shown);
        let days = match self.difference.days {
            Some(days) if change.fact == "expires_at" => format!(" ({})", longer(days)),
            _ => String::new(),
        };
        let (old, new) = (side(&change.old), side(&change.new));
        format!("  {:<12} {old} -> {new}{days}\n", change.fact)
    }

    /// What to look at before the new license is handed over.
    fn warnings(&self, now: Timestamp) -> Vec<String> {
        let changed = |fact: &str| self.difference.changed.iter().any(|it| it.fact == fact);
        let (old, new) = (self.old.term(), self.new.term());
        let mut warnings = Vec::new();
        if self.difference.older {
            warnings.push(
                "the new license was issued before the old one; uploading it where the old one is \
                 installed is refused as older_than_installed"
                    .to_owned(),
            );
        }
        if changed("customer") || changed("customer_id") {
            warnings.push("the new license is for another customer".to_owned());
        }
        if new.has_ended(now) {
            let day = new.expires_at.last_day();
            warnings.push(format!("the new license expired on {day}"));
        } else if new.expires_at < old.expires_at {
            warnings.push("the new license ends before the old one".to_owned());
        }
        if let Some(begins) = new.not_before.filter(|begins| *begins > old.expires_at) {
            let ends = old.expires_at;
            warnings.push(format!("nothing is licensed between {ends} and {begins}"));
        }
        if let (true, Some(_)) = (changed("machine"), self.new.machine()) {
            warnings.push("the new license is bound to another machine".to_owned());
        }
        if let (true, Some(_)) = (changed("domain"), self.new.domain()) {
            warnings.push("the new license is bound to another domain".to_owned());
        }
        warnings
    }
}

/// So many days, in words.
fn longer(days: i64) -> String {
    let unit = if days.unsigned_abs() == 1 { "day" } else { "days" };
    let count = days.unsigned_abs();
    match days {
        0 => "the same day".to_owned(),
        1.. => format!("{count} {unit} more"),
        _ => format!("{count} {unit} less"),
    }
}
