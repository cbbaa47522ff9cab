import type { z } from 'zod';
import { didYouMean } from './sources.ts';

type Issue = z.core.$ZodIssue;

/** What a zod issue expected, in words: "expected a number of at least 1". The scenario language says it the same way. */
export function expectation(issue: Issue): string {
  if (issue.code === 'invalid_type') return `expected ${withArticle(issue.expected)}`;
  if (issue.code === 'invalid_value') {
    return `expected ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`;
  }
  if (issue.code === 'too_small') {
    return `expected ${amount(issue.origin)}${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unit(issue.origin, issue.minimum)}`;
  }
  if (issue.code === 'too_big') {
    return `expected ${amount(issue.origin)}${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unit(issue.origin, issue.maximum)}`;
  }
  if (issue.code === 'invalid_union') return eitherOf(issue);
  if (issue.code === 'unrecognized_keys') return `no such setting: ${issue.keys.join(', ')}`;
  return lowerFirst(issue.message);
}

/** "; did you mean info?" for a word that is none of those allowed, or nothing. */
export function wordHint(issue: Issue): string {
  if (issue.code !== 'invalid_value' || typeof issue.input !== 'string') return '';
  return didYouMean(issue.input, issue.values.map(String));
}

/** A union that says itself what it takes is believed; of others every branch is told. */
function eitherOf(issue: z.core.$ZodIssueInvalidUnion): string {
  if (issue.message.startsWith('expected')) return issue.message;
  const branches = new Set(issue.errors.flatMap((branch) => branch.slice(0, 1).map(expectation)));
  if (branches.size === 0) return lowerFirst(issue.message);
  return `expected ${[...branches].map((text) => text.replace(/^expected /, '')).join(' or ')}`;
}

function withArticle(type: string): string {
  const names: Record<string, string> = {
    int: 'a whole number',
    object: 'a group of settings',
    record: 'a group of names and values',
    array: 'a list',
    string: 'text',
  };
  return names[type] ?? `a ${type}`;
}

function amount(origin: string): string {
  return origin === 'number' || origin === 'int' ? 'a number of ' : '';
}

function unit(origin: string, limit: number | bigint): string {
  const plural = limit === 1 ? '' : 's';
  if (origin === 'string') return ` character${plural}`;
  return origin === 'array' || origin === 'set' ? ` item${plural}` : '';
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

/** What was given, short enough for a message. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object' && value !== null) return 'a group';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text;
}
