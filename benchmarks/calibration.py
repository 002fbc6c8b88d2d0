# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Calibrate a simulated camera from reconstructed boards; compare with the true K and poses.

    python benchmarks/calibration.py --folder /tmp/boards

Each recording is simulated unless the folder has it, and calibrated with `spike-recon calibrate`.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from spike_recon_training.simulation.calibration_scene import BOARDS, CalibrationScene
from spike_recon_training.simulation.recording import SENSOR_START_NS

SIZE = 346, 260
SEED = 1
MODELS = 'two_scale_gru', 'two_scale_gru_small', 'fibar'
RESULTS = Path(__file__).resolve().parent / 'results' / 'calibration.json'


def main() -> None:
    """Run the benchmark; write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--folder', type=Path, required=True, help='for recordings and reports')
    parser.add_argument('--seconds', type=float, default=16.0, help='length of a recording')
    parser.add_argument('--boards', nargs='*', default=[*BOARDS], choices=BOARDS)
    parser.add_argument('--models', nargs='*', default=MODELS)
    parser.add_argument('-o', '--output', type=Path, default=RESULTS)
    arguments = parser.parse_args()
    rows = []
    for board in arguments.boards:
        bag = arguments.folder / board
        if not bag.exists():
            size = 'x'.join(map(str, SIZE))
            how = ['--board', board, '--size', size, '--seed', str(SEED)]
            how += ['--duration', str(arguments.seconds), '--fps-truth', '25']
            spike_recon('simulate', *how, '-o', str(bag))
        scene = CalibrationScene(*SIZE, board, SEED)
        for model in arguments.models:
            rows.append(row_of(scene, board, model, bag))
            print(json.dumps(rows[-1]), file=sys.stderr)
            result = {'size': SIZE, 'seconds': arguments.seconds, 'results': rows}
            arguments.output.write_text(json.dumps(result, indent=1) + '\n', encoding='utf-8')
    print(json.dumps({'output': str(arguments.output), 'rows': len(rows)}))


def row_of(scene: CalibrationScene, board: str, model: str, bag: Path) -> dict[str, Any]:
    """Calibrate with one model; return the errors."""
    kind, size, side = BOARDS[board]
    out = bag.parent / f'{board}_{model}'
    how = ['--board', kind, '--board-size', 'x'.join(map(str, size)), '--square', str(side)]
    spike_recon('calibrate', str(bag), '-o', str(out), '--overwrite', *how, '-m', model)
    report = json.loads((out / 'report.json').read_text(encoding='utf-8'))
    true = scene.camera_matrix
    focal = [100 * (report[f] / true[i, i] - 1) for i, f in enumerate(('fx', 'fy'))]
    principal = np.hypot(report['cx'] - true[0, 2], report['cy'] - true[1, 2])
    positions, angles = zip(*(pose_errors(scene, view) for view in report['views']), strict=True)
    return {
        'board': board,
        'model': model,
        'views': len(report['views']),
        'left_out': len(report['left_out']),
        'images': report['images'],
        'images_with_board': report['images_with_board'],
        'rms_px': report['rms_px'],
        'focal_error_percent': [round(error, 3) for error in focal],
        'principal_point_error_px': round(float(principal), 3),
        'position_error_percent_median': round(float(np.median(positions)), 3),
        'position_error_percent_p95': round(float(np.percentile(positions, 95)), 3),
        'rotation_error_degrees_median': round(float(np.median(angles)), 3),
        'distortion': report['distortion'],
        'true_distortion': scene.distortion.tolist(),
    }


def pose_errors(scene: CalibrationScene, view: dict[str, Any]) -> tuple[float, float]:
    """Return the error of the position, percent of the distance, and of the rotation, degrees."""
    rotation, position = scene.pose((view['t_ns'] - SENSOR_START_NS) / 1e9)
    distance = np.linalg.norm(position)
    away = np.linalg.norm(np.array(view['translation_m']) - position)
    found, _ = cv2.Rodrigues(np.array(view['rotation']))
    turned, _ = cv2.Rodrigues(found @ rotation.T)
    return float(100 * away / distance), float(np.degrees(np.linalg.norm(turned)))


def spike_recon(*arguments: str) -> None:
    """Run a command of spike-recon; end if it fails."""
    command = [sys.executable, '-m', 'spike_recon_ros.cli.main', *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == '__main__':
    main()
