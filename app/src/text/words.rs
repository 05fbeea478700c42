//! Every word of the product in every language, in one typed table.
//!
//! A text that lacks a language does not compile.

use std::borrow::Cow;

use crate::api::types::Lang;

/// Makes one `Lang` method per text.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $ty:ty),*) { en: $en:expr, zh: $zh:expr })*) => {
        impl Lang { $(
            $(#[$doc])*
            pub fn $name(self $(, $arg: $ty)*) -> Cow<'static, str> {
                match self { Self::En => $en.into(), Self::ZhCn => $zh.into() }
            }
        )* }
    };
}

texts! {
    error_signed_out() { en: "Your session ended.", zh: "会话已结束。" }
    error_signed_out_fix() { en: "Sign in again to go on.", zh: "请重新登录以继续。" }
}
