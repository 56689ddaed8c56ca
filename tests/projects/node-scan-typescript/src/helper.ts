import { v4 } from 'uuid'; export const helper = v4;
