interface Relationship<Type extends string> {
  data?: { type: Type; id: string } | null;
}

/**
 * Return the included record of a relationship; undefined if there is none.
 *
 * `related(page, timer.relationships.time_entry)` needs a request with `include: ["time_entry"]`.
 */
export function related<Record extends { type: string; id: string }, Type extends string>(
  document: { included?: readonly Record[] | undefined },
  relationship: Relationship<Type> | undefined,
): Extract<Record, { type: Type }> | undefined {
  const identifier = relationship?.data;
  return document.included?.find(
    (record): record is Extract<Record, { type: Type }> =>
      record.type === identifier?.type && record.id === identifier.id,
  );
}
