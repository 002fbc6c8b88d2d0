// Copyright 2026 spike_recon_ros maintainers
// SPDX-License-Identifier: Apache-2.0
// Curves of the last two minutes, drawn on a canvas; one point each second.
'use strict';

const CHART_SECONDS = 120;
const CHART_COLOURS = ['#2f8be6', '#e0782f'];

class Chart {
  // `names` are the curves; `unit` follows the latest values.
  constructor(parent, title, names, unit) {
    this.title = title;
    this.names = names;
    this.unit = unit;
    this.points = [];
    const box = document.createElement('div');
    box.className = 'chart';
    this.label = document.createElement('div');
    this.canvas = document.createElement('canvas');
    box.append(this.label, this.canvas);
    parent.append(box);
  }

  add(values) {
    this.points.push(values);
    this.points.splice(0, this.points.length - CHART_SECONDS);
    this.draw();
  }

  draw() {
    const ratio = window.devicePixelRatio || 1;
    const width = this.canvas.width = Math.round(this.canvas.clientWidth * ratio);
    const height = this.canvas.height = Math.round(this.canvas.clientHeight * ratio);
    const known = this.points.flat().filter((value) => value !== null);
    const top = Math.max(...known, 1e-9) * 1.1;
    const paint = this.canvas.getContext('2d');
    paint.lineWidth = 1.5 * ratio;
    this.names.forEach((name, curve) => {
      paint.strokeStyle = CHART_COLOURS[curve];
      paint.beginPath();
      let pen = false;
      this.points.forEach((values, index) => {
        if (values[curve] === null) { pen = false; return; }
        const x = width * (1 - (this.points.length - 1 - index) / (CHART_SECONDS - 1));
        const y = height - height * Math.max(0, values[curve]) / top;
        if (pen) paint.lineTo(x, y); else paint.moveTo(x, y);
        pen = true;
      });
      paint.stroke();
    });
    const latest = this.points[this.points.length - 1] || [];
    this.label.replaceChildren(`${this.title}: `);
    this.names.forEach((name, curve) => {
      const span = document.createElement('span');
      span.style.color = CHART_COLOURS[curve];
      span.textContent = `${name} ${shortNumber(latest[curve])} ${this.unit}  `;
      this.label.append(span);
    });
    this.label.append(known.length ? `(top ${shortNumber(top)})` : '');
  }
}

function shortNumber(value) {
  if (value === null || value === undefined) return '-';
  if (Math.abs(value) >= 1e6) return (value / 1e6).toFixed(2) + 'M';
  if (Math.abs(value) >= 1e4) return (value / 1e3).toFixed(1) + 'k';
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(1);
}
