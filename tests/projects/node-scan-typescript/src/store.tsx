import 'lru-cache'; export const store = 1;
