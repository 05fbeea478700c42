//! Encoder of the mailbox commands: SELECT, CREATE, LIST, STATUS, ENABLE, NOTIFY.

use alloc::vec::Vec;

use super::Encoder;
use crate::imap::capability::Capability;
use crate::imap::command::{
    Enable, List, ListSelection, Notify, NotifyEvents, NotifyGroup, NotifyMailboxes,
    NotifySelected, QResync, Select, SelectParameter,
};
use crate::imap::list::MailboxAttribute;
use crate::imap::mailbox::Mailbox;
use crate::imap::status::StatusItem;

impl Encoder<'_> {
    /// Writes SELECT or EXAMINE with its parameter, if the server offers it.
    ///
    /// ```abnf
    /// select        = "SELECT" SP mailbox [select-params]
    /// examine       = "EXAMINE" SP mailbox [select-params]
    /// select-params = SP "(" select-param *(SP select-param) ")"
    /// select-param =/ condstore-param                           ; RFC 7162 §7
    /// condstore-param = "CONDSTORE"
    /// ```
    /// RFC 9051 §9, RFC 7162 §3.1.8 and §3.2.5.
    pub(super) fn select(&mut self, select: &Select) {
        let verb = if select.read_only {
            "EXAMINE "
        } else {
            "SELECT "
        };
        self.named(verb, select.mailbox.as_wire());
        match &select.parameter {
            SelectParameter::QResync(known) if self.has(Capability::QResync) => self.qresync(known),
            // CONDSTORE is the fallback for QRESYNC.
            _ if self.has_mod_seq() => self.raw(" (CONDSTORE)"),
            _ => {}
        }
    }

    /// Writes the QRESYNC parameter in its parentheses.
    ///
    /// ```abnf
    /// select-param  =/ ("QRESYNC" SP "(" uidvalidity SP
    ///                  mod-sequence-value [SP known-uids]
    ///                  [SP seq-match-data] ")")
    /// seq-match-data = "(" known-sequence-set SP known-uid-set ")"
    /// ```
    /// RFC 7162 §7.
    fn qresync(&mut self, known: &QResync) {
        self.raw(" (QRESYNC (");
        self.display(known.uid_validity);
        self.raw(" ");
        self.display(known.mod_seq);
        if let Some(uids) = &known.known_uids {
            self.raw(" ");
            self.display(uids);
        }
        if let Some(matched) = &known.sequence_match {
            self.raw(" (");
            self.display(&matched.numbers);
            self.raw(" ");
            self.display(&matched.uids);
            self.raw(")");
        }
        self.raw("))");
    }

    /// Writes ENABLE.
    ///
    /// ```abnf
    /// enable = "ENABLE" 1*(SP capability)
    /// ```
    /// RFC 9051 §9, RFC 5161 §4.
    pub(super) fn enable(&mut self, extensions: &[Enable]) {
        self.relies_on(Capability::Enable);
        self.raw("ENABLE");
        for extension in extensions {
            self.raw(match extension {
                Enable::CondStore => " CONDSTORE",
                Enable::QResync => " QRESYNC",
            });
        }
    }

    /// Writes CREATE, with its special use if CREATE-SPECIAL-USE is offered.
    ///
    /// ```abnf
    /// create        = "CREATE" SP mailbox [create-params]
    /// create-params = SP "(" create-param *( SP create-param) ")" ; RFC 4466 §3
    /// create-param =/ "USE" SP "(" [use-attr *(SP use-attr)] ")"  ; RFC 6154 §6
    /// ```
    /// RFC 9051 §9.
    pub(super) fn create(&mut self, mailbox: &Mailbox, special_use: Option<&MailboxAttribute>) {
        self.named("CREATE ", mailbox.as_wire());
        if self.has(Capability::CreateSpecialUse)
            && let Some(word) = special_use.and_then(MailboxAttribute::word)
        {
            self.relies_on(Capability::CreateSpecialUse);
            self.raw(" (USE (");
            self.raw(word);
            self.raw("))");
        }
    }

    /// Writes LIST.
    ///
    /// ```abnf
    /// list             = "LIST" [SP list-select-opts] SP mailbox
    ///                    SP mbox-or-pat [SP list-return-opts]
    /// list-return-opts = "RETURN" SP "(" [return-option *(SP return-option)] ")"
    /// return-option    = "SUBSCRIBED" / "CHILDREN" / status-option / option-extension
    ///                    ; and "SPECIAL-USE" (RFC 6154) by option-extension
    /// status-option    = "STATUS" SP "(" status-att *(SP status-att) ")" ; RFC 5819 §4
    /// ```
    /// RFC 9051 §9. RFC 5258: a RETURN option is sent only to servers that offer it.
    pub(super) fn list(&mut self, list: &List) {
        self.raw("LIST ");
        self.list_selection(list.selection);
        self.string(list.reference.as_wire());
        self.named(" ", list.pattern.as_bytes());
        // An empty pattern requests the delimiter, but not in the extended form (RFC 5258 §3).
        if list.pattern.as_bytes().is_empty() {
            return;
        }
        let extended = self.has(Capability::ListExtended);
        let mut options = Vec::new();
        if list.return_subscribed && extended {
            options.push("SUBSCRIBED");
        }
        // Servers report children by default, but not if RETURN lists other options.
        if extended {
            self.relies_on(Capability::ListExtended);
            options.push("CHILDREN");
        }
        if list.return_special_use && extended && self.has(Capability::SpecialUse) {
            options.push("SPECIAL-USE");
        }
        let status = !list.return_status.is_empty() && self.has(Capability::ListStatus);
        if options.is_empty() && !status {
            return;
        }
        self.raw(" RETURN (");
        self.raw(&options.join(" "));
        if status {
            self.relies_on(Capability::ListStatus);
            self.raw(if options.is_empty() {
                "STATUS "
            } else {
                " STATUS "
            });
            self.status_items(&list.return_status);
        }
        self.raw(")");
    }

    /// Writes the selection options of LIST and a space after them, if there are any.
    ///
    /// ```abnf
    /// list-select-opts            = "(" [
    ///                               (*(list-select-opt SP) list-select-base-opt
    ///                               *(SP list-select-opt)) /
    ///                               (list-select-independent-opt
    ///                               *(SP list-select-independent-opt))
    ///                               ] ")"
    /// list-select-base-opt        = "SUBSCRIBED" / option-extension
    /// list-select-independent-opt = "REMOTE" / option-extension
    /// list-select-mod-opt         = "RECURSIVEMATCH" / option-extension
    ///                               ; and "SPECIAL-USE" (RFC 6154) by option-extension
    /// ```
    /// RFC 9051 §9.
    fn list_selection(&mut self, selection: ListSelection) {
        let selects = selection.subscribed || selection.special_use;
        let options: Vec<&str> = [
            (selection.subscribed, "SUBSCRIBED"),
            (selection.special_use, "SPECIAL-USE"),
            (selection.remote, "REMOTE"),
            // RFC 5258 §3.1: not on its own, and not with REMOTE alone.
            (selection.recursive_match && selects, "RECURSIVEMATCH"),
        ]
        .into_iter()
        .filter_map(|(is_chosen, option)| is_chosen.then_some(option))
        .collect();
        if !options.is_empty() {
            self.raw("(");
            self.raw(&options.join(" "));
            self.raw(") ");
        }
    }

    /// Writes STATUS.
    ///
    /// ```abnf
    /// status = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")"
    /// ```
    /// RFC 9051 §9.
    pub(super) fn status(&mut self, mailbox: &Mailbox, items: &[StatusItem]) {
        self.named("STATUS ", mailbox.as_wire());
        self.raw(" ");
        self.status_items(items);
    }

    /// Writes the STATUS items that the server offers.
    ///
    /// ```abnf
    /// status = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")" ; the list
    /// ```
    /// RFC 9051 §9.
    fn status_items(&mut self, items: &[StatusItem]) {
        let offered: Vec<StatusItem> = items
            .iter()
            .copied()
            .filter(|item| item.is_offered(self.capabilities))
            .collect();
        if offered.is_empty() {
            // The grammar requires at least one item.
            return self.raw("(MESSAGES)");
        }
        self.group(&offered, |encoder, item| encoder.raw(item.word()));
    }

    /// Writes NOTIFY.
    ///
    /// ```abnf
    /// notify           = "NOTIFY" SP (notify-set / notify-none)
    /// notify-set       = "SET" [status-indicator] SP event-groups
    /// notify-none      = "NONE"
    /// status-indicator = SP "STATUS"
    /// event-groups     = event-group *(SP event-group)
    /// event-group      = "(" filter-mailboxes SP events ")"
    /// filter-mailboxes-selected = "selected" / "selected-delayed" ; the second
    /// ```
    /// RFC 5465 §8.
    pub(super) fn notify(&mut self, notify: &Notify) {
        self.relies_on(Capability::Notify);
        let Notify::Set {
            status,
            selected,
            groups,
        } = notify
        else {
            return self.raw("NOTIFY NONE");
        };
        self.raw("NOTIFY SET");
        if *status {
            self.raw(" STATUS");
        }
        self.raw(" (SELECTED-DELAYED ");
        self.selected_events(selected);
        self.raw(")");
        for group in groups {
            self.notify_group(group);
        }
    }

    /// Writes the events of the selected mailbox.
    ///
    /// ```abnf
    /// events        = ( "(" event *(SP event) ")" ) / "NONE"
    /// message-event = ( "MessageNew" [SP
    ///                 "(" fetch-att *(SP fetch-att) ")" ] ) /
    ///                 "MessageExpunge" / "FlagChange" / "AnnotationChange"
    /// ```
    /// RFC 5465 §8.
    fn selected_events(&mut self, selected: &NotifySelected) {
        self.raw("(MessageNew");
        if !selected.new_message_items.is_empty() {
            self.raw(" ");
            self.fetch_items(&selected.new_message_items);
        }
        self.raw(" MessageExpunge");
        if selected.flag_changes {
            self.raw(" FlagChange");
        }
        self.raw(")");
    }

    /// Writes a group of mailboxes and its events; writes nothing if the group has no mailbox.
    ///
    /// ```abnf
    /// event-group            = "(" filter-mailboxes SP events ")"
    /// filter-mailboxes-other = "inboxes" / "personal" / "subscribed" /
    ///                          ( "subtree" SP one-or-more-mailbox ) /
    ///                          ( "mailboxes" SP one-or-more-mailbox )
    /// one-or-more-mailbox    = mailbox / many-mailboxes
    /// many-mailboxes         = "(" mailbox *(SP mailbox) ")"
    /// ```
    /// RFC 5465 §8.
    fn notify_group(&mut self, group: &NotifyGroup) {
        let (word, mailboxes) = match &group.mailboxes {
            NotifyMailboxes::Inboxes => ("INBOXES", None),
            NotifyMailboxes::Personal => ("PERSONAL", None),
            NotifyMailboxes::Subscribed => ("SUBSCRIBED", None),
            NotifyMailboxes::Subtree(mailboxes) => ("SUBTREE", Some(mailboxes)),
            NotifyMailboxes::Mailboxes(mailboxes) => ("MAILBOXES", Some(mailboxes)),
        };
        if mailboxes.is_some_and(Vec::is_empty) {
            return;
        }
        self.raw(" (");
        self.raw(word);
        if let Some(mailboxes) = mailboxes {
            self.raw(" ");
            self.group(mailboxes, |encoder, mailbox| {
                encoder.string(mailbox.as_wire());
            });
        }
        self.raw(" ");
        self.notify_events(group.events);
        self.raw(")");
    }

    /// Writes the events of mailboxes that are not selected.
    ///
    /// ```abnf
    /// events        = ( "(" event *(SP event) ")" ) / "NONE"
    /// message-event = "MessageNew" / "MessageExpunge" / "FlagChange"
    /// mailbox-event = "MailboxName" / "SubscriptionChange" / "MailboxMetadataChange"
    /// ```
    /// RFC 5465 §8.
    fn notify_events(&mut self, events: NotifyEvents) {
        let names: Vec<&str> = [
            (events.messages, "MessageNew MessageExpunge"),
            (events.messages && events.flag_changes, "FlagChange"),
            (events.names, "MailboxName"),
            (events.subscriptions, "SubscriptionChange"),
        ]
        .into_iter()
        .filter_map(|(is_chosen, word)| is_chosen.then_some(word))
        .collect();
        if names.is_empty() {
            return self.raw("NONE");
        }
        self.raw("(");
        self.raw(&names.join(" "));
        self.raw(")");
    }
}
