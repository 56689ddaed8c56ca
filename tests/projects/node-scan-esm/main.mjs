#!/usr/bin/env node
// import nothing from 'left-pad'
import chalk from 'chalk';
import { readFile } from 'node:fs/promises';
import * as yargs from "yargs/helpers";
import React, {
  useState,
} from 'react';
export { z } from 'zod';

const text = `import x from 'underscore' ${chalk.red('require("moment")')}`;
const { S3Client } = await import('@aws-sdk/client-s3');
const maybe = await import('sharp').catch(() => null);
