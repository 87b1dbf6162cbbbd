// Two runs on the same axes.
import {begin, embedded, figure} from "plimsoll/report";
import {brief, part, plain} from "plimsoll/numbers";
import {timechart} from "plimsoll/timechart";

const {times, charts} = embedded("together");
const formats = {plain: [each => plain(each, 5), brief], amount: [brief, brief], part: [part, part]};
const root = document.querySelector("#charts");
for (const {title, unit, kind, series} of charts) {
  const [format, axis] = formats[kind];
  figure(root, title, box => timechart(box, {
    title, unit, times, format, axis, group: "together", height: 200,
    series: series.map((values, i) => ({name: "AB"[i], values, colour: `c${i}`, dash: i ? [6, 4] : undefined})),
  }));
}
begin();
document.querySelector("#together-section").hidden = false;
