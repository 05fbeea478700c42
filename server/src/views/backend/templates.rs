//! The texts that the accounts of a session write again and again.

use app::api::types::{AccountId, AccountTemplates, Converted, Template, TemplateId};

use super::SessionBackend;
use crate::account::AccountHandle;
use crate::account::error::AccountError;
use crate::domain;
use crate::views::compose::find_handle;
use crate::views::map;

impl SessionBackend {
    /// Returns the templates of every account.
    pub(super) async fn templates(&self) -> Result<Vec<AccountTemplates>, AccountError> {
        let mut all = Vec::new();
        for handle in &self.handles {
            all.push(AccountTemplates {
                account: handle.id(),
                address: handle.address().to_owned(),
                templates: handle
                    .templates()
                    .await?
                    .into_iter()
                    .map(map::template)
                    .collect(),
            });
        }
        Ok(all)
    }

    /// Saves a template; one without an id is new.
    pub(super) async fn save_template(
        &self,
        account: &AccountId,
        template: Template,
    ) -> Result<(), AccountError> {
        let line = |text: &str| mail_mime::display::line(text).trim().to_owned();
        let template = domain::Template {
            name: line(&template.name),
            subject: line(&template.subject),
            text: template.text.replace("\r\n", "\n"),
            id: template.id,
        };
        find_handle(&self.handles, account)?
            .template_save(template)
            .await
    }

    /// Deletes a template.
    pub(super) async fn delete_template(
        &self,
        account: &AccountId,
        template: &TemplateId,
    ) -> Result<(), AccountError> {
        let handle = find_handle(&self.handles, account)?;
        handle.template_delete(template).await
    }
}

/// Returns a template as the text of a form.
pub(super) async fn converted(
    handle: &AccountHandle,
    template: &TemplateId,
) -> Result<Converted, AccountError> {
    let domain::Template { subject, text, .. } = handle.template(template).await?;
    Ok(Converted {
        text,
        subject,
        ..Converted::default()
    })
}
