//! `license diff`.

use std::path::{Path, PathBuf};

use clap::Args;
use license_core::{Change, Difference, InstallErrorKind, License, Timestamp};
use serde_json::{Value, json};

use crate::{
    decode::{self, Decoded, PROVES_NOTHING, TrustArgs},
    facts,
    failure::Failure,
    read,
    renew::given_away,
    report::Report,
    text, time,
};

/// Shows what a license gains and loses against another, as a renewal does.
///
/// A renewal that a service would refuse, because it was issued before the
/// old license, ends with exit status 1.
#[derive(Args)]
pub(crate) struct Diff {
    /// The old license; `-` is standard input.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The new license; `-` is standard input.
    #[arg(value_name = "NEW", default_value = "-")]
    new: PathBuf,
    /// Reads the claims as this product does; without it, as standard claims.
    #[arg(long, value_name = "PROFILE.toml")]
    product: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
}

/// Two licenses and what lies between them.
struct Comparison {
    old: License,
    new: License,
    /// Whether they are one license.
    same: bool,
    difference: Difference,
}

const OLDER: &str = "the new license was issued before the old one; uploading it where the old one \
                     is installed is refused as older_than_installed; issue it again";

impl Diff {
    pub(crate) fn run(self) -> Result<Report, Failure> {
        let input = Path::new("-");
        if self.old == input && self.new == input {
            return Err(Failure::usage(
                "only one file can come from standard input; give the name of the other",
            ));
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
        let verified = self.trust.verifies();
        let older = comparison.difference.older.then(|| {
            let code = InstallErrorKind::OlderThanInstalled.code();
            Failure::refused(code, OLDER)
        });
        Ok(Report::of(comparison.lines(verified, now))
            .with(comparison.json(verified, now))
            .refused_as_told(older))
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
            "given_away": difference.given_away,
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
        shown.push('\n');
        shown.push_str(&changes(difference));
        shown
    }

    /// What to look at before the new license is handed over.
    fn warnings(&self, now: Timestamp) -> Vec<String> {
        let changed = |fact: &str| self.difference.changed.iter().any(|it| it.fact == fact);
        let (old, new) = (self.old.term(), self.new.term());
        let mut warnings = Vec::new();
        if self.difference.older {
            warnings.push(OLDER.to_owned());
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
        if self.difference.given_away > 0 {
            warnings.push(given_away(self.difference.given_away));
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

/// What is gained, lost and changed, as lines.
pub(crate) fn changes(difference: &Difference) -> String {
    let list = |name: &str, items: Vec<String>| {
        let items = if items.is_empty() { vec!["nothing".to_owned()] } else { items };
        let items: Vec<String> = items.into_iter().map(|item| format!("  {item}\n")).collect();
        format!("{name}\n{}", items.concat())
    };
    let signed = |sign: char, items: &[String]| {
        items.iter().map(|item| format!("{sign} {}", text::shown(item))).collect()
    };
    let changed = difference.changed.iter().map(|it| change(it, difference.days)).collect();
    [
        list("gained", signed('+', &difference.gained)),
        list("lost", signed('-', &difference.lost)),
        list("changed", changed),
    ]
    .join("\n")
}

fn change(change: &Change, days: Option<i64>) -> String {
    let side = |value: &Option<String>| value.as_deref().map_or("none".to_owned(), text::shown);
    let days = match days {
        Some(days) if change.fact == "expires_at" => format!(" ({})", text::longer(days)),
        _ => String::new(),
    };
    format!("{:<12} {} -> {}{days}", change.fact, side(&change.old), side(&change.new))
}
