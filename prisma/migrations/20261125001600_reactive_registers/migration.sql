-- The total of combined reactive energy 1 with the daily registers: the power factor of an audit comes from it. Meters that do not keep it leave the
-- column NULL. A plan that was changed stays as its people left it.
UPDATE collection_plan SET items = items || '{00300201}' WHERE id = 'day-freeze' AND items = '{00100200,00200200}';
