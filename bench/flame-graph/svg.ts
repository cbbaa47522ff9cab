import type { CallNode } from './call-tree.ts';

const width = 1200;
const rowHeight = 16;
/** Narrower calls are left out: nobody could read them. */
const leastShare = 0.003;
const maxDepth = 18;
const characterWidth = 6.2;
const rooms = ['simulator', 'wire', 'edge-agent', 'model', 'contract', 'bridge', 'testbed', 'runtime'];

/** A picture: width is time, callers stand above what they call, the widest first. A title on each says how much. */
export function flameGraph(tree: CallNode): string {
  const boxes: string[] = [];
  let rows = 0;
  const draw = (node: CallNode, x: number, row: number): void => {
    const share = node.totalMs / tree.totalMs;
    if (share < leastShare || row >= maxDepth) return;
    rows = Math.max(rows, row + 1);
    boxes.push(box(node, x, row, share));
    let at = x;
    for (const child of [...node.children.values()].toSorted((a, b) => b.totalMs - a.totalMs)) {
      draw(child, at, row + 1);
      at += (child.totalMs / tree.totalMs) * width;
    }
  };
  draw(tree, 0, 0);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${rows * rowHeight}" font-family="monospace" font-size="10">`,
    ...boxes,
    '</svg>',
    '',
  ].join('\n');
}

function box(node: CallNode, x: number, row: number, share: number): string {
  const boxWidth = share * width;
  const y = row * rowHeight;
  const label = node.room === 'part' ? node.name : `${node.name} (${node.room})`;
  const letters = Math.floor((boxWidth - 4) / characterWidth);
  const text =
    letters < 3
      ? ''
      : `<text x="${(x + 2).toFixed(1)}" y="${y + 11}">${escape(label.length > letters ? `${label.slice(0, letters - 1)}…` : label)}</text>`;
  return `<g><title>${escape(label)} ${(share * 100).toFixed(1)} %</title><rect x="${x.toFixed(1)}" y="${y}" width="${Math.max(0.5, boxWidth - 0.5).toFixed(1)}" height="${rowHeight - 1}" fill="${colour(node.room)}"/>${text}</g>`;
}

/** Our rooms in warm colours, Node and V8 in grey, packages in blue. */
function colour(room: string): string {
  if (room === 'part') return '#e8e8e8';
  if (room === 'V8') return '#bdbdbd';
  if (room === 'node') return '#d5d5d5';
  const at = rooms.indexOf(room);
  return at < 0 ? '#a9c7e8' : `hsl(${20 + at * 14} 85% 70%)`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
