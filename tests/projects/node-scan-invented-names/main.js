import Discord from 'discordjs';
import { OpenAI } from 'openai-sdk';
import expres from 'expres';
import helper from 'ai-super-json-helper-pro';
import ui from '@acme-internal/ui-kit';
