import type { Request } from 'express';
import { z, type ZodType } from 'zod';
import { helper } from './helper.js';
import { store } from '@app/store';
import Big = require('big.js');

type Lodash = typeof import('lodash');
declare module 'koa' {
  import 'koa-router';
}
enum Colour { Red }
const generic = <T,>(value: T): Array<T> => [value];
