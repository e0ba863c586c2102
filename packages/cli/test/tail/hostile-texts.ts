/** What a sender may put into a type or key: escape sequences, C1 controls, new lines, and marks that turn text around. */
export const HOSTILE = [
  '\u001b[2J\u001b[31mred',
  '\u009b2Jcleared',
  'two\nlines\r\n',
  '\u202egnp.exe',
  '\u2066hidden\u2069',
  '\u0000\u0007\u0008',
  '\u{e0001}tagged',
  '\u2028line\u2029paragraph',
];
