-- How the messages of an account are written and sent. Null: the default.
ALTER TABLE account_setting ADD COLUMN archives_answered INTEGER;
ALTER TABLE account_setting ADD COLUMN warns_missing_file INTEGER;
ALTER TABLE account_setting ADD COLUMN is_formatted INTEGER;
ALTER TABLE account_setting ADD COLUMN quote TEXT CHECK (quote IN ('below', 'above', 'omitted'));
ALTER TABLE account_setting ADD COLUMN wants_notice INTEGER;
