/** A stretch of what was generated, and whether the caller heard it. */
export type Stretch = { text: string; heard: boolean };

const SPACE = /\s/;

/**
 * What was generated, cut into what was heard and what was not. What was heard is the beginning of it, but for spaces
 * and for markup that no voice reads. Null where the two do not fit together.
 */
export function stretches(heard: string, generated: string): Stretch[] | null {
  const wanted = [...heard].filter((character) => !SPACE.test(character));
  const found: Stretch[] = [];
  let matched = 0;
  for (const character of generated) {
    const last = found.at(-1);
    const isHeard = SPACE.test(character) ? (last?.heard ?? true) : matched < wanted.length && character === wanted[matched];
    if (isHeard && !SPACE.test(character)) matched += 1;
    if (last?.heard === isHeard) last.text += character;
    else found.push({ text: character, heard: isHeard });
  }
  return matched === wanted.length ? found : null;
}
