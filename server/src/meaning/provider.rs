//! Providers that do not accept the password of their web page, and what they require instead.

use app::api::types::Lang;

use super::Meaning;

/// A provider that requires something other than the web password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Provider {
    /// Domain suffixes of its servers.
    hosts: &'static [&'static str],
    name: &'static str,
    name_zh: &'static str,
    pub(super) requirement: Requirement,
    /// The page on which the code or password is created.
    page: Option<&'static str>,
}

/// What a provider requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Requirement {
    /// A code from the settings of the webmail, where IMAP and POP3 are also enabled.
    AuthorisationCode,
    /// A password made for one program.
    AppPassword,
    /// No password at all.
    OAuth,
}

const PROVIDERS: &[Provider] = &[
    Provider {
        hosts: &["163.com", "126.com", "yeah.net", "188.com"],
        name: "NetEase Mail",
        name_zh: "网易邮箱",
        requirement: Requirement::AuthorisationCode,
        page: Some("mail.163.com"),
    },
    Provider {
        hosts: &["exmail.qq.com"],
        name: "Tencent Exmail",
        name_zh: "腾讯企业邮箱",
        requirement: Requirement::AuthorisationCode,
        page: Some("exmail.qq.com"),
    },
    Provider {
        hosts: &["qq.com", "foxmail.com"],
        name: "QQ Mail",
        name_zh: "QQ 邮箱",
        requirement: Requirement::AuthorisationCode,
        page: Some("mail.qq.com"),
    },
    Provider {
        hosts: &["sina.com", "sina.cn", "sina.com.cn"],
        name: "Sina Mail",
        name_zh: "新浪邮箱",
        requirement: Requirement::AuthorisationCode,
        page: Some("mail.sina.com.cn"),
    },
    Provider {
        hosts: &["gmail.com", "googlemail.com"],
        name: "Gmail",
        name_zh: "Gmail",
        requirement: Requirement::AppPassword,
        page: Some("myaccount.google.com/apppasswords"),
    },
    Provider {
        hosts: &["mail.yahoo.com", "mail.yahoo.co.jp", "mail.aol.com"],
        name: "Yahoo",
        name_zh: "雅虎",
        requirement: Requirement::AppPassword,
        page: Some("login.yahoo.com/account/security"),
    },
    Provider {
        hosts: &["mail.me.com", "icloud.com"],
        name: "iCloud",
        name_zh: "iCloud",
        requirement: Requirement::AppPassword,
        page: Some("account.apple.com"),
    },
    Provider {
        hosts: &["fastmail.com", "messagingengine.com"],
        name: "Fastmail",
        name_zh: "Fastmail",
        requirement: Requirement::AppPassword,
        page: Some("app.fastmail.com/settings/security"),
    },
    Provider {
        hosts: &["yandex.com", "yandex.ru"],
        name: "Yandex",
        name_zh: "Yandex",
        requirement: Requirement::AppPassword,
        page: Some("id.yandex.com/security/app-passwords"),
    },
    Provider {
        hosts: &["outlook.com", "office365.com", "hotmail.com"],
        name: "Microsoft",
        name_zh: "微软",
        requirement: Requirement::OAuth,
        page: None,
    },
];

impl Provider {
    /// Finds the provider of a server by its host name.
    pub(super) fn of(host: &str) -> Option<&'static Self> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        PROVIDERS
            .iter()
            .find(|provider| provider.hosts.iter().any(|end| is_under(&host, end)))
    }

    const fn name(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.name,
            Lang::ZhCn => self.name_zh,
        }
    }
}

fn is_under(host: &str, end: &str) -> bool {
    host.strip_suffix(end)
        .is_some_and(|front| front.is_empty() || front.ends_with('.'))
}

/// Explains that an authorisation code is needed.
pub(super) fn authorisation_code(lang: Lang, host: &str) -> Meaning {
    let provider = Provider::of(host);
    let name = provider.map_or(host, |provider| provider.name(lang));
    let page = provider.and_then(|provider| provider.page).unwrap_or(host);
    match lang {
        Lang::En => Meaning::new(
            format!(
                "{name} refuses web passwords for mail programs. It wants an authorisation code."
            ),
            format!(
                "In the settings at {page}, switch on IMAP, POP3 and SMTP, make a code, and use it here as the password."
            ),
        ),
        Lang::ZhCn => Meaning::new(
            format!("{name}不接受网页密码，请使用客户端授权码。"),
            format!(
                "在 {page} 的设置中开启 IMAP、POP3 和 SMTP 服务，生成授权码，在此作为密码使用。"
            ),
        ),
    }
}

/// Explains that an app password is needed.
pub(super) fn app_password(lang: Lang, host: &str) -> Meaning {
    let provider = Provider::of(host);
    let name = provider.map_or(host, |provider| provider.name(lang));
    let page = provider.and_then(|provider| provider.page);
    match (lang, page) {
        (Lang::En, Some(page)) => Meaning::new(
            format!("{name} wants an app password."),
            format!("Make one at {page} and use it here."),
        ),
        (Lang::En, None) => Meaning::new(
            format!("{name} wants an app password."),
            "Make one in the security settings of your account and use it here.",
        ),
        (Lang::ZhCn, Some(page)) => Meaning::new(
            format!("{name} 需要应用专用密码。"),
            format!("请在 {page} 生成，并在此使用。"),
        ),
        (Lang::ZhCn, None) => Meaning::new(
            format!("{name} 需要应用专用密码。"),
            "请在账户的安全设置中生成，并在此使用。",
        ),
    }
}

/// Explains that the provider accepts no password.
pub(super) fn oauth_only(lang: Lang, host: &str) -> Meaning {
    let name = Provider::of(host).map_or(host, |provider| provider.name(lang));
    match lang {
        Lang::En => Meaning::new(
            format!("{name} refuses all passwords."),
            "It wants its own sign-in page (OAuth), which this version does not speak.",
        ),
        Lang::ZhCn => Meaning::new(
            format!("{name} 不再接受密码。"),
            "它要求通过自己的登录页面（OAuth）登录，本版本尚不支持。",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{LANGS, assert_finished};
    use super::*;

    #[test]
    fn a_provider_is_found_by_its_servers() {
        let name = |host| Provider::of(host).map(|provider| provider.name);
        assert_eq!(name("imap.gmail.com"), Some("Gmail"));
        assert_eq!(name("IMAP.163.com."), Some("NetEase Mail"));
        assert_eq!(name("imap.exmail.qq.com"), Some("Tencent Exmail"));
        assert_eq!(name("pop.qq.com"), Some("QQ Mail"));
        assert_eq!(name("outlook.office365.com"), Some("Microsoft"));
        assert_eq!(name("imap.example.org"), None);
        assert_eq!(name("notgmail.com"), None);
        assert_eq!(name("gmail.com.evil.example"), None);
    }

    #[test]
    fn requirement_of_a_provider_is_explained_in_complete_sentences() {
        for lang in LANGS {
            for host in [
                "imap.gmail.com",
                "imap.163.com",
                "outlook.office365.com",
                "mx.example.org",
            ] {
                for explanation in [
                    authorisation_code(lang, host),
                    app_password(lang, host),
                    oauth_only(lang, host),
                ] {
                    assert_finished(lang, &explanation);
                }
            }
        }
        assert_eq!(
            app_password(Lang::En, "imap.gmail.com").cause,
            "Gmail wants an app password."
        );
        assert!(
            app_password(Lang::En, "imap.gmail.com")
                .fix
                .contains("myaccount.google.com")
        );
    }
}
