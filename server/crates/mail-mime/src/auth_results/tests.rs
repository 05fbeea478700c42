use super::*;
use proptest::prelude::*;

fn parse(value: &str) -> AuthResults {
    AuthResults::parse(value.as_bytes())
}

/// Returns the results as `method=Outcome type.name=value ...`.
fn written(results: &AuthResults) -> Vec<String> {
    let result = |result: &MethodResult| {
        let mut out = format!("{}={:?}", result.method, result.outcome);
        for property in &result.properties {
            out += &format!(" {}.{}={}", property.kind, property.name, property.value);
        }
        out
    };
    results.results.iter().map(result).collect()
}

#[test]
fn fields_of_real_servers_are_parsed() {
    for (value, id, expected) in [
        ("example.com 1; none", "example.com", vec![]),
        (
            "mx.google.com;       dkim=pass header.i=@a.example header.s=s1 header.b=\"Ab/c=\";  \
             spf=pass (google.com: domain of b@a.example designates 192.0.2.1 as permitted; x) \
             smtp.mailfrom=b@a.example;       dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=a.example",
            "mx.google.com",
            vec![
                "dkim=Pass header.i=@a.example header.s=s1 header.b=Ab/c=",
                "spf=Pass smtp.mailfrom=b@a.example",
                "dmarc=Pass header.from=a.example",
            ],
        ),
        (
            "spf=fail (sender IP is 192.0.2.1) smtp.mailfrom=a.example; dkim=none (message not \
             signed) header.d=none;dmarc=fail action=quarantine header.from=a.example;compauth=fail \
             reason=000",
            "",
            vec![
                "spf=Fail smtp.mailfrom=a.example",
                "dkim=None header.d=none",
                "dmarc=Fail header.from=a.example",
                "compauth=Fail",
            ],
        ),
        (
            "foo.example.net (foobar) 1 (baz); dkim (Because I like it) / 1 (One yay) = (wait for \
             it) fail policy (A dot can go here) . (like that) expired (this surprised me) = (as I \
             wasn't expecting it) 1362471462",
            "foo.example.net",
            vec!["dkim=Fail policy.expired=1362471462"],
        ),
        (
            "MX.a.example; spf=softfail smtp.mailfrom=\"a; b\"@b.example; dkim=hardfail; x=y; =; ;",
            "mx.a.example",
            vec!["spf=SoftFail smtp.mailfrom=\"a; b\"@b.example", "dkim=Fail"],
        ),
        (
            "a.example; auth=pass (cram-md5) smtp.auth=x; iprev=temperror policy.iprev=2001:db8::1",
            "a.example",
            vec![
                "auth=Pass smtp.auth=x",
                "iprev=TempError policy.iprev=2001:db8::1",
            ],
        ),
        ("\"a.example\" 1;spf=none", "a.example", vec!["spf=None"]),
        ("", "", vec![]),
    ] {
        let results = parse(value);
        assert_eq!(results.authserv_id, id, "{value}");
        assert_eq!(written(&results), expected, "{value}");
        assert_eq!(results.version, 1, "{value}");
    }
}

#[test]
fn a_reason_may_hold_separators() {
    let results = parse("a.example; dkim=policy reason=\"bad; dkim=pass \\\"x\\\"\" header.d=b.c");
    assert_eq!(written(&results), ["dkim=Policy header.d=b.c"]);
    let reason = results.results[0].reason.as_deref();
    assert_eq!(reason, Some("bad; dkim=pass \"x\""));
}

#[test]
fn results_and_properties_are_bounded() {
    let many = format!("a.example{}", "; spf=pass".repeat(1_000));
    assert_eq!(parse(&many).results.len(), 50);
    let many = format!("a.example; spf=pass{}", " smtp.helo=x".repeat(1_000));
    assert_eq!(parse(&many).results[0].properties.len(), 20);
    // Cut at 1,000 octets it would be `bank.example`.
    let local = "a".repeat(1_000 - "@bank.example".len());
    let long = format!("a.example; spf=pass smtp.mailfrom={local}@bank.example.evil.example");
    assert_eq!(
        parse(&long).results[0].property("smtp", "mailfrom"),
        Some("")
    );
}

#[test]
fn the_peer_of_a_hop_is_inside_or_outside() {
    for (value, by, is_internal) in [
        (
            "from a.example (a.example [192.0.2.1]) by mx.b.example with ESMTPS; Sat",
            Some("mx.b.example"),
            false,
        ),
        (
            "from a.example ([127.0.0.1])\tby MX.b.example. with LMTP id x",
            Some("mx.b.example"),
            true,
        ),
        (
            "from mx.b.example by mx.b.example with LMTPS id x",
            Some("mx.b.example"),
            true,
        ),
        (
            "from mx.b.example by mx.b.example with ESMTP id x",
            Some("mx.b.example"),
            false,
        ),
        (
            "from localhost (localhost [127.0.0.1]) by mx.b.example (amavis) with ESMTP",
            Some("mx.b.example"),
            true,
        ),
        (
            "from x (x [IPv6:fd00::1]) by mx.b.example(Postfix) with ESMTP",
            Some("mx.b.example"),
            true,
        ),
        (
            "from x (x [IPv6:2001:db8::1]) by mx.b.example with ESMTP",
            Some("mx.b.example"),
            false,
        ),
        (
            "by 2002:a05:6a10:1::1 with SMTP id x; Sat",
            Some("2002:a05:6a10:1::1"),
            true,
        ),
        (
            "by mx.b.example (Postfix, from userid 1000) id x",
            Some("mx.b.example"),
            true,
        ),
        ("(qmail 1 invoked by uid 89); 21 Nov 2026", None, true),
        // Names of HELO that the peer chose.
        (
            "from [10.0.0.1] (evil [192.0.2.1]) by mx.b.example with ESMTP",
            Some("mx.b.example"),
            false,
        ),
        (
            "from [10.0.0.1] (192.0.2.1:25) by mx.b.example with ESMTP",
            Some("mx.b.example"),
            false,
        ),
        (
            "from [192.0.2.1] (helo=[10.0.0.1]) by mx.b.example with esmtp",
            Some("mx.b.example"),
            false,
        ),
        (
            "from x by evil with LMTP (x [192.0.2.1]) by mx.b.example with ESMTP",
            Some("mx.b.example"),
            false,
        ),
        (
            "from x by evil with LMTP (x) by mx.b.example with ESMTP",
            Some("mx.b.example"),
            false,
        ),
        (
            "from x\" (x [192.0.2.1]) by mx.b.example with LMTP",
            None,
            false,
        ),
        (
            "from x( ([192.0.2.1]) by mx.b.example with LMTP",
            None,
            false,
        ),
        ("", None, true),
    ] {
        let headers = Headers::parse(format!("Received: {value}\r\n").as_bytes()).unwrap();
        let by = by.map(str::to_owned);
        assert_eq!(
            Hop::parse(&headers.fields()[0]),
            Hop { by, is_internal },
            "{value}"
        );
    }
}

const FROM: &str = "From: Bank <info@example.com>\n";
const BORDER: &str = "Received: from x (x [192.0.2.1]) by mx.example.org with ESMTP; Sat\n";
const INSIDE: &str = "Received: from mx (mx [10.0.0.1]) by box.example.org with LMTP; Sat\n";
const FOREIGN: &str = "Received: from y (y [192.0.2.2]) by mx.example.net with ESMTP; Sat\n";

fn own(results: &str) -> String {
    format!("Authentication-Results: mx.example.org; {results}\n")
}

fn verdict_of(fields: &[&str]) -> Option<Authentication> {
    let header = fields.concat();
    let headers = Headers::parse(header.as_bytes()).unwrap();
    verdict(&headers, &|id| id == "mx.example.org")
}

/// Returns the outcomes of SPF, DKIM and DMARC.
fn outcomes(fields: &[&str]) -> Option<[Option<Outcome>; 3]> {
    let found = verdict_of(fields)?;
    Some([
        found.spf.map(|spf| spf.outcome),
        found.dkim.map(|dkim| dkim.outcome),
        found.dmarc.map(|dmarc| dmarc.outcome),
    ])
}

#[test]
fn fields_of_the_own_server_are_merged() {
    let found = verdict_of(&[
        INSIDE,
        &own("dmarc=pass (p=reject) header.from=Example.com"),
        &own("dkim=pass header.d=mail.example.net; dkim=fail header.d=x.example.net;\n dkim=pass header.i=@EXAMPLE.com; dkim=pass header.d=example.com"),
        "authentication-results: MX.example.org; spf=none smtp.helo=h.example.net;\n spf=softfail smtp.mailfrom=a@example.net\n",
        BORDER,
        FROM,
    ])
    .unwrap();
    assert_eq!(found.authserv_id, "mx.example.org");
    let spf = found.spf.unwrap();
    assert_eq!(
        (spf.outcome, spf.domain.as_deref()),
        (Outcome::SoftFail, Some("example.net"))
    );
    let dkim = found.dkim.unwrap();
    assert_eq!(dkim.outcome, Outcome::Pass);
    assert_eq!(dkim.passed_domains, ["mail.example.net", "example.com"]);
    let dmarc = found.dmarc.unwrap();
    assert_eq!(dmarc.from_domain.as_deref(), Some("example.com"));
    assert_eq!(found.from_domain.as_deref(), Some("example.com"));
    assert!(found.is_aligned);
}

#[test]
fn only_fields_of_the_own_server_count() {
    use Outcome::{Fail, Pass};
    let (fail, pass) = (own("spf=fail"), own("spf=pass; dmarc=pass"));
    let (fail, pass) = (fail.as_str(), pass.as_str());
    let failed = Some([Some(Fail), None, None]);
    let passed = Some([Some(Pass), None, Some(Pass)]);
    for (name, fields, expected) in [
        ("above the border", vec![pass, BORDER], passed),
        (
            "below the border, as Gmail writes it",
            vec![BORDER, pass],
            passed,
        ),
        (
            "below the border after hops inside",
            vec![INSIDE, BORDER, pass, FOREIGN],
            passed,
        ),
        ("a forged one below", vec![fail, BORDER, pass], failed),
        (
            "a forged one directly below",
            vec![BORDER, fail, pass],
            failed,
        ),
        (
            "a forged one below a foreign hop",
            vec![fail, BORDER, FOREIGN, pass],
            failed,
        ),
        (
            "a forged one with a forged hop",
            vec![fail, BORDER, pass, BORDER],
            failed,
        ),
        (
            "a forged one with a forged hop inside",
            vec![fail, BORDER, INSIDE, pass, INSIDE],
            failed,
        ),
        (
            "the upper one of two",
            vec![fail, INSIDE, pass, BORDER],
            Some([Some(Fail), None, Some(Pass)]),
        ),
        (
            "only below a foreign hop",
            vec![BORDER, FOREIGN, pass],
            None,
        ),
        (
            "below the foreign hop that delivered",
            vec![FOREIGN, pass],
            None,
        ),
        ("no hop", vec![pass], None),
        ("a message that never left", vec![INSIDE, pass], passed),
        ("none", vec![BORDER], None),
    ] {
        let fields: Vec<_> = fields.into_iter().chain([FROM]).collect();
        assert_eq!(outcomes(&fields), expected, "{name}");
    }
}

#[test]
fn other_services_versions_and_arc_do_not_count() {
    for field in [
        "Authentication-Results: mx.example.net; spf=pass\n",
        "Authentication-Results: mx.example.org.evil.example; spf=pass\n",
        "Authentication-Results: mx.example.org 2; spf=pass\n",
        "Authentication-Results: mx.example.org x; spf=pass\n",
        "Authentication-Results: spf=pass\n",
        "ARC-Authentication-Results: i=1; mx.example.org; spf=pass\n",
        "X-Authentication-Results: mx.example.org; spf=pass\n",
    ] {
        assert_eq!(verdict_of(&[field, BORDER, FROM]), None, "{field}");
    }
    let found = verdict_of(&[&own("none"), BORDER, FROM]).unwrap();
    assert_eq!((found.spf, found.dkim, found.dmarc), (None, None, None));
    assert!(!found.is_aligned);
}

#[test]
fn results_are_aligned_with_the_author_who_is_shown() {
    for (results, from, expected) in [
        ("dkim=pass header.d=example.com", "a@example.com", true),
        ("dkim=pass header.d=example.com", "a@mail.EXAMPLE.com", true),
        (
            "spf=pass smtp.mailfrom=b@example.com",
            "a@example.com",
            true,
        ),
        ("spf=pass smtp.mailfrom=example.com", "a@example.com", true),
        ("dmarc=pass header.from=example.com", "a@example.com", true),
        (
            "dkim=pass header.d=xn--bcher-kva.example",
            "a@bücher.example",
            true,
        ),
        (
            "dkim=pass header.d=bücher.example",
            "a@bücher.example",
            true,
        ),
        (
            "dkim=pass header.d=mail.example.com",
            "a@example.com",
            false,
        ),
        ("dkim=pass header.d=example.com", "a@notexample.com", false),
        ("dkim=pass header.d=co.uk", "a@example.co.uk", false),
        ("dkim=pass header.d=com", "a@example.com", false),
        (
            "dkim=pass header.d=exam\u{200b}ple.com",
            "a@example.com",
            false,
        ),
        ("dkim=fail header.d=example.com", "a@example.com", false),
        ("dmarc=fail header.from=example.com", "a@example.com", false),
        ("dkim=pass header.d=none", "a@none", false),
        (
            "dkim=pass header.d=example.com",
            "a@example.com, b@example.com",
            false,
        ),
        (
            "dkim=pass header.d=example.com",
            "a@example.com\nFrom: b@example.com",
            false,
        ),
        ("dkim=pass header.d=example.com", "\"a@example.com\"", false),
    ] {
        let from = format!("From: {from}\n");
        let found = verdict_of(&[&own(results), BORDER, &from]).unwrap();
        assert_eq!(found.is_aligned, expected, "{results} {from}");
    }
}

#[test]
fn the_provider_is_known_without_a_configuration() {
    let google = "Received: by 2002:a05:6a10:1::1 with SMTP id x; Sat\n\
        Received: from x (x. [192.0.2.1]) by mx.google.com with ESMTPS id y; Sat\n";
    let outlook = "Received: from A.eurprd01.prod.outlook.com (2603:10a6::1) by \
        B.eurprd01.prod.outlook.com with HTTPS; Sat\n\
        Received: from x (192.0.2.1) by C.mail.protection.outlook.com with SMTP; Sat\n";
    for (received, host, id, expected) in [
        (BORDER, "imap.example.org", "mx.example.org", true),
        (BORDER, "IMAP.example.org.", "Example.org", true),
        (BORDER, "imap.example.co.uk", "mx.example.org", true),
        (BORDER, "imap.example.co.uk", "mx.example.co.uk", true),
        (BORDER, "imap.example.co.uk", "evil.co.uk", false),
        (BORDER, "imap.example.org", "mx.example.net", false),
        (BORDER, "imap.example.org", "", false),
        (BORDER, "192.0.2.7", "0.2.7", false),
        (google, "imap.gmail.com", "mx.google.com", true),
        (outlook, "outlook.office365.com", "", true),
        (outlook, "outlook.office365.com", "example.net", false),
        ("", "localhost", "localhost", true),
        ("", "mail.home.lan", "mail.home.lan", true),
        ("", "imap.example.org", "", false),
    ] {
        let headers = Headers::parse(received.as_bytes()).unwrap();
        assert_eq!(
            Provider::of(&headers, host).is_own(id),
            expected,
            "{host} {id}"
        );
    }
}

#[test]
fn exchange_online_is_believed_without_an_id() {
    let header = "Received: from A.prod.outlook.com (2603:10a6::1) by B.prod.outlook.com with \
        HTTPS; Sat\n\
        Received: from x (192.0.2.1) by C.mail.protection.outlook.com with SMTP; Sat\n\
        Authentication-Results: spf=fail smtp.mailfrom=example.net;dmarc=fail\n \
        header.from=example.com\n\
        Authentication-Results: spf=pass smtp.mailfrom=example.com\n\
        From: a@example.com\n";
    let headers = Headers::parse(header.as_bytes()).unwrap();
    let provider = Provider::of(&headers, "outlook.office365.com");
    let found = verdict(&headers, &|id| provider.is_own(id)).unwrap();
    assert_eq!(found.spf.unwrap().outcome, Outcome::Fail);
    assert!(!found.is_aligned);
}

proptest! {
    #[test]
    fn anything_parses(
        octets: Vec<u8>,
        text in "(mx\\.example\\.org|;|=|\\.|/| |\"|\\(|\\)|\\\\|spf|dkim|pass|fail|reason|smtp|header|mailfrom|@a\\.example|\u{200b}|é){0,60}",
    ) {
        for octets in [octets.as_slice(), text.as_bytes()] {
            let results = AuthResults::parse(octets);
            for property in results.results.iter().flat_map(|result| &result.properties) {
                prop_assert!(!property.value.contains(crate::display::is_hidden));
            }
        }
    }

    #[test]
    fn a_field_below_the_hop_of_a_foreign_host_never_counts(
        above in prop::collection::vec(prop::sample::select(vec![BORDER, INSIDE, FOREIGN]), 0..4),
        below in prop::collection::vec(prop::sample::select(vec![BORDER, INSIDE, FOREIGN]), 0..4),
    ) {
        let forged = own("dkim=pass header.d=example.com");
        let mut fields = above;
        fields.push(FOREIGN);
        fields.extend(below);
        fields.extend([forged.as_str(), FROM]);
        prop_assert_eq!(verdict_of(&fields), None);
    }
}
