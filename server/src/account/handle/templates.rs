//! The texts that the account writes again and again.

use app::api::types::TemplateId;

use super::AccountHandle;
use crate::account::error::{AccountError, InvalidField};
use crate::account::model::random_id;
use crate::account::typed;
use crate::domain::Template;
use crate::store::account_lists::TEMPLATES;

impl AccountHandle {
    /// Returns the templates of the account, by name.
    ///
    /// # Errors
    /// [`AccountError::Internal`] if the store cannot be read.
    pub(crate) async fn templates(&self) -> Result<Vec<Template>, AccountError> {
        self.list(TEMPLATES).await
    }

    /// Returns a template.
    ///
    /// # Errors
    /// [`AccountError::NotFound`] if it was deleted.
    pub(crate) async fn template(&self, id: &TemplateId) -> Result<Template, AccountError> {
        let mut templates = self.templates().await?.into_iter();
        let found = templates.find(|template| template.id == *id);
        found.ok_or(AccountError::NotFound)
    }

    /// Saves a template; one without an id is new.
    ///
    /// # Errors
    /// [`AccountError::Invalid`] for a text over its limit, no name, or too many templates;
    /// [`AccountError::NotFound`] if it was deleted.
    pub(crate) async fn template_save(&self, template: Template) -> Result<(), AccountError> {
        check(&template)?;
        let is_new = template.id.as_str().is_empty();
        let id = match is_new {
            true => TemplateId(random_id()?),
            false => template.id.clone(),
        };
        let saved = Template { id, ..template };
        self.change_list(TEMPLATES, |templates| {
            let count = templates.len();
            match templates.iter_mut().find(|other| other.id == saved.id) {
                Some(other) => *other = saved.clone(),
                None if !is_new => return Err(AccountError::NotFound),
                None if count >= Template::COUNT_MAX => {
                    return Err(AccountError::Invalid {
                        field: "name",
                        problem: InvalidField::TooManyTemplates {
                            max: Template::COUNT_MAX,
                        },
                    });
                }
                None => templates.push(saved.clone()),
            }
            templates.sort_by_cached_key(|template| template.name.to_lowercase());
            Ok(())
        })
        .await
    }

    /// Deletes a template. Succeeds if there is none.
    ///
    /// # Errors
    /// [`AccountError::Internal`] if the store cannot be written.
    pub(crate) async fn template_delete(&self, id: &TemplateId) -> Result<(), AccountError> {
        self.change_list(TEMPLATES, |templates| {
            templates.retain(|template| template.id != *id);
            Ok(())
        })
        .await
    }
}

fn check(template: &Template) -> Result<(), AccountError> {
    if template.name.is_empty() {
        return Err(AccountError::Invalid {
            field: "name",
            problem: InvalidField::NoTemplateName,
        });
    }
    typed::length("name", &template.name, Template::NAME_MAX_BYTES)?;
    typed::length("subject", &template.subject, Template::SUBJECT_MAX_BYTES)?;
    typed::length("text", &template.text, Template::TEXT_MAX_BYTES)
}
