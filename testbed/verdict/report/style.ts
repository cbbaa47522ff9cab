/** The report's style sheet. System fonts only, colours as variables, one set for light and one for dark. */
export const styleSheet = `
:root {
  --page: #f6f5f2; --card: #fff; --ink: #1c1f24; --soft: #5e646e; --faint: #686e78; --rule: #e4e2dc; --grid: #ebe9e4;
  --good: #14794d; --good-tint: #e2f3ea; --bad: #c22a3a; --bad-tint: #fbe6e7; --warning: #935d00; --warning-tint: #fbf0d9;
  --live: #1f66d1; --backfill: #8846cf; --stored: #14865a; --acked: #1f66d1; --sent: #7d838d; --waiting: #c46a00; --level: #5b6f8f;
  --cut: #d08700; --kill: #cf3341; --other-fault: #6b55c9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #111317; --card: #1a1d23; --ink: #eceef1; --soft: #a7adb8; --faint: #8f96a2; --rule: #2c3038; --grid: #272b32;
    --good: #4fd09a; --good-tint: #14301f; --bad: #ff7b86; --bad-tint: #3a191d; --warning: #f2b950; --warning-tint: #33270f;
    --live: #6ca6ff; --backfill: #c094ff; --stored: #3fbf8a; --acked: #6ca6ff; --sent: #a0a7b2; --waiting: #ffa94d; --level: #93a9cc;
    --cut: #f0b040; --kill: #ff6b78; --other-fault: #a99aff;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 1040px; margin: 0 auto; padding: 28px 20px 48px; }
h1, h2, h3, p, ul, ol, dl, dd, figure { margin: 0; padding: 0; }
ul, ol { list-style: none; }
code { font: 0.93em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
a { color: var(--live); }
section, header { background: var(--card); border: 1px solid var(--rule); border-radius: 14px; padding: 24px 28px; margin-bottom: 16px; }
h2 { font-size: 13px; font-weight: 650; letter-spacing: .07em; text-transform: uppercase; color: var(--soft); margin-bottom: 14px; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.empty { color: var(--soft); }
.table-frame + .empty { margin-top: 12px; font-size: 14px; }

header { --tone: var(--good); --tint: var(--good-tint); border-top: 5px solid var(--tone); }
header.bad { --tone: var(--bad); --tint: var(--bad-tint); }
header.warning { --tone: var(--warning); --tint: var(--warning-tint); }
.verdict { display: inline-block; padding: 3px 14px; border-radius: 99px; background: var(--tint); color: var(--tone); font-weight: 700; letter-spacing: .06em; }
h1 { font-size: clamp(26px, 5vw, 36px); line-height: 1.15; letter-spacing: -.015em; margin-top: 12px; overflow-wrap: anywhere; }
.reason { font-size: 17px; color: var(--tone); font-weight: 550; margin-top: 4px; overflow-wrap: anywhere; }
.description { color: var(--soft); margin-top: 8px; max-width: 70ch; }
.note { margin-top: 10px; padding: 8px 14px; border-radius: 8px; background: var(--warning-tint); color: var(--warning); overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(190px, 1fr)); gap: 14px 24px; margin-top: 22px; padding-top: 18px; border-top: 1px solid var(--rule); }
dt { font-size: 12.5px; color: var(--faint); }
dd { font-weight: 550; overflow-wrap: anywhere; }

.lead { font-size: 18px; line-height: 1.45; max-width: 66ch; text-wrap: pretty; }
.equation { display: flex; flex-wrap: wrap; align-items: baseline; gap: 10px 18px; margin-top: 22px; }
.summand { display: flex; align-items: baseline; gap: inherit; }
.term { text-align: center; }
.term b { display: block; font-size: clamp(22px, 3.4vw, 32px); line-height: 1.1; font-weight: 680; letter-spacing: -.02em; }
.term span { font-size: 13px; color: var(--soft); }
.term.good b { color: var(--good); }
.term.bad b, .term.bad span { color: var(--bad); }
.term.zero b { color: var(--faint); font-weight: 450; }
.sign { font-size: 22px; color: var(--faint); }
.shares { display: flex; gap: 2px; height: 8px; margin-top: 18px; border-radius: 4px; overflow: hidden; background: var(--grid); }
.shares i { min-width: 4px; background: var(--stored); }
.shares i.bad { background: var(--bad); }
.counters { display: flex; flex-wrap: wrap; gap: 6px 22px; margin-top: 16px; color: var(--soft); font-size: 14px; }
.counters b { color: var(--ink); font-weight: 600; }
.counters .bad, .counters .bad b { color: var(--bad); }

.badge { display: inline-grid; place-items: center; width: 20px; height: 20px; border-radius: 50%; font-size: 12px; font-weight: 700; color: var(--card); background: var(--other-fault); }
.badge.cut { background: var(--cut); }
.badge.kill { background: var(--kill); }
.faults { display: flex; flex-wrap: wrap; gap: 10px 32px; }
.faults li { display: grid; grid-template-columns: auto 1fr; column-gap: 10px; align-items: center; }
.faults span:last-child { grid-column: 2; color: var(--soft); font-size: 14px; }

.faults { margin-bottom: 30px; }
.chart + .chart, .small-charts { margin-top: 34px; }
.small-charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(250px, 1fr)); gap: 28px 32px; }
.small-charts .chart { margin-top: 0; min-width: 0; }
h3 { font-size: 16px; font-weight: 620; }
figcaption { display: grid; grid-template-columns: 1fr auto; gap: 0 24px; align-items: end; margin-bottom: 18px; }
figcaption p { grid-column: 1; color: var(--soft); font-size: 13.5px; max-width: 62ch; }
.legend { grid-column: 2; grid-row: 1 / span 2; display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: 13px; color: var(--soft); justify-content: end; }
.legend li { display: flex; align-items: center; gap: 6px; white-space: nowrap; }
.legend svg { width: 22px; height: 10px; }
.small-charts .legend { display: none; }
.plot { display: grid; grid-template: auto 22px / 58px 1fr; }
.canvas, .y-axis, .x-axis { position: relative; }
.canvas { height: 230px; }
#latency .canvas { height: 280px; }
.small-charts .canvas { height: 120px; }
.canvas > svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
.y-axis span { position: absolute; right: 10px; transform: translateY(-50%); font-size: 12px; color: var(--faint); white-space: nowrap; }
.x-axis { grid-column: 2; }
.x-axis span { position: absolute; top: 5px; transform: translateX(-50%); font-size: 12px; color: var(--faint); white-space: nowrap; }
.canvas .badge { position: absolute; top: -10px; transform: translateX(-50%); cursor: help; }
.small-charts .canvas .badge { display: none; }
svg path { fill: none; vector-effect: non-scaling-stroke; }
.grid { stroke: var(--grid); stroke-width: 1; }
.line { stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.line.live { stroke: var(--live); }
.line.live-mid { stroke: var(--live); stroke-width: 1.4; opacity: .65; }
.line.backfill { stroke: var(--backfill); }
.dots { stroke-width: 7; stroke-linecap: round; }
.dots.backfill, .dots.backfill-mid, .whiskers.backfill { stroke: var(--backfill); }
.dots.backfill-mid { stroke-width: 5; }
.whiskers { stroke-width: 5; opacity: .3; }
.line.backfill-mid { stroke: var(--backfill); stroke-width: 1.4; opacity: .65; }
.line.stored { stroke: var(--stored); }
.line.acked { stroke: var(--acked); stroke-width: 1.5; }
.line.sent { stroke: var(--sent); stroke-width: 1.5; stroke-dasharray: 2 5; }
.line.waiting { stroke: var(--waiting); }
.line.level { stroke: var(--level); stroke-width: 1.6; }
.line.alarm { stroke: var(--bad); stroke-width: 1.6; }
.limit { stroke: var(--bad); stroke-width: 1; stroke-dasharray: 4 4; opacity: .7; }
.moment { stroke: var(--faint); stroke-width: 1.5; }
.moment.onset { stroke: var(--cut); }
.moment.detectable { stroke: var(--cut); stroke-dasharray: 2 4; }
.moment.raised { stroke: var(--bad); stroke-width: 2; }
.moment.failure { stroke: var(--ink); stroke-dasharray: 6 4; }
#detection .table-frame { margin-top: 18px; }
.case { margin-top: 30px; }
.case + .case { margin-top: 34px; padding-top: 26px; border-top: 1px solid var(--rule); }
.case > p { color: var(--soft); font-size: 14px; }
.case .small-charts { margin-top: 20px; }
.case .small-charts figcaption { grid-template-rows: auto 1fr; align-items: start; min-height: 64px; }
.keys { display: flex; flex-wrap: wrap; gap: 4px 18px; margin-top: 8px; font-size: 13px; color: var(--soft); }
.keys li { display: flex; align-items: center; gap: 6px; }
.keys svg { width: 14px; height: 14px; }
.models { display: grid; grid-template-columns: auto 1fr; gap: 8px 16px; align-items: center; margin-top: 22px; font-size: 14px; }
.models .track { position: relative; height: 22px; background: var(--grid); border-radius: 4px; overflow: hidden; }
.models .track i { position: absolute; top: 0; bottom: 0; padding: 0 8px; overflow: hidden; font: 600 12px/22px inherit; font-style: normal; color: var(--card); background: var(--stored); white-space: nowrap; text-overflow: ellipsis; border-right: 2px solid var(--card); }
.models .track i:nth-child(even) { background: var(--live); }
.models .ticks { position: relative; height: 18px; }
.models .ticks span { position: absolute; transform: translateX(-50%); font-size: 12px; color: var(--faint); white-space: nowrap; }
svg path.area { stroke: none; opacity: .14; }
svg path.area.live { fill: var(--live); }
svg path.area.backfill { fill: var(--backfill); }
svg path.area.stored { fill: var(--stored); }
svg path.area.waiting { fill: var(--waiting); }
svg path.area.level { fill: var(--level); }
.fault { --kind: var(--other-fault); }
.fault.cut { --kind: var(--cut); }
.fault.kill { --kind: var(--kill); }
.fault rect { fill: var(--kind); opacity: .13; }
.fault path { stroke: var(--kind); stroke-width: 1.5; opacity: .8; }
.hover { fill: var(--ink); fill-opacity: 0; }
.hover:hover { fill-opacity: .08; }

.table-frame { overflow-x: auto; margin: 0 -28px; padding: 0 28px; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 7px 14px 7px 0; text-align: left; font-weight: 400; border-top: 1px solid var(--rule); vertical-align: baseline; }
thead th { font-size: 12.5px; color: var(--faint); border-top: 0; white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
tbody th { font-weight: 550; }
#problems td, #problems th, #latencies th, #resources th { white-space: nowrap; }
#resources td, #resources th { width: 25%; }
tfoot th, tfoot td { font-weight: 600; }
.number { text-align: right; white-space: nowrap; }
.mark { width: 26px; color: var(--good); font-weight: 700; }
.failed .mark, .failed .actual { color: var(--bad); }
.actual { font-weight: 650; }
.why { display: block; font-weight: 400; color: var(--soft); white-space: normal; }
footer { color: var(--soft); font-size: 13.5px; padding: 8px 4px; }

@media (max-width: 640px) {
  main { padding: 12px 10px 32px; }
  section, header { padding: 18px 16px; border-radius: 12px; }
  .table-frame { margin: 0 -16px; padding: 0 16px; }
  dl { grid-template-columns: 1fr 1fr; gap: 12px 16px; }
  .lead { font-size: 16.5px; }
  .equation { gap: 10px 12px; }
  figcaption { grid-template-columns: 1fr; }
  .legend { grid-column: 1; grid-row: auto; justify-content: start; margin-top: 8px; }
  .plot { grid-template-columns: 50px 1fr; }
  .canvas { height: 190px; }
  #latency .canvas { height: 230px; }
  th, td { padding-right: 10px; font-size: 14px; }
}
@media print {
  body { background: #fff; }
  section, header { break-inside: avoid; border-color: #ccc; }
}
`;
