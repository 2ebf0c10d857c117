import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useState } from 'react';
import type { ILoaded } from '../useArtifacts';

type Mode = 'side' | 'slider' | 'blink';

const TYPES: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  // In a picture no script of an SVG runs, and it fetches nothing.
  svg: 'image/svg+xml'
};
const ZOOMS = [25, 50, 100, 200, 400];
/** Time that each picture is shown while they take turns, in milliseconds. */
const TURN = 900;

/** Pictures side by side in one size, one behind the other with a slider, or by turns. */
export function Pictures(props: {
  path: string;
  found: readonly ILoaded[];
  trans: TranslationBundle;
}): JSX.Element {
  const { path, found, trans } = props;
  const [mode, setMode] = useState<Mode>('side');
  const [zoom, setZoom] = useState(0);
  const [at, setAt] = useState(50);
  const [broken, setBroken] = useState<ReadonlySet<string>>(new Set());
  const urls = useUrls(path, found);
  const shown = found.filter(({ run }) => urls.has(run) && !broken.has(run));
  const [isSecond, flip] = useTurns(mode === 'blink');
  const picture = (item: ILoaded, style?: React.CSSProperties) => (
    <img
      key={item.run}
      className={zoom === 0 ? 'jp-mod-fit' : undefined}
      src={urls.get(item.run)}
      alt={`${item.name}: ${path}`}
      style={{ ...(zoom === 0 ? {} : { zoom: zoom / 100 }), ...style }}
      onError={() => setBroken(new Set([...broken, item.run]))}
    />
  );
  const canOverlay = shown.length >= 2;
  const current = canOverlay ? mode : 'side';
  const words: [Mode, string][] = [
    ['side', trans.__('Side by side')],
    ['slider', trans.__('Slider')],
    ['blink', trans.__('Blink')]
  ];
  return (
    <div>
      <div className="jp-StudioDiff-tools">
        <span role="group" aria-label={trans.__('How the pictures are shown')}>
          {words.map(([name, label]) => (
            <button
              key={name}
              type="button"
              className="jp-StudioButton"
              aria-pressed={current === name}
              disabled={name !== 'side' && !canOverlay}
              onClick={() => setMode(name)}
            >
              {label}
            </button>
          ))}
        </span>
        <label>
          {trans.__('Size')}{' '}
          <select
            className="jp-StudioInput"
            value={zoom}
            onChange={event => setZoom(Number(event.target.value))}
          >
            <option value={0}>{trans.__('Fit')}</option>
            {ZOOMS.map(each => (
              <option key={each} value={each}>
                {each} %
              </option>
            ))}
          </select>
        </label>
        {current === 'slider' && (
          <label>
            {shown[0].name}{' '}
            <input
              type="range"
              min={0}
              max={100}
              value={at}
              aria-label={trans.__('Share of the first picture')}
              onChange={event => setAt(Number(event.target.value))}
            />{' '}
            {shown[1].name}
          </label>
        )}
        {current === 'blink' && (
          <button type="button" className="jp-StudioButton" onClick={flip}>
            {trans.__('Show the other')}
          </button>
        )}
      </div>
      {[...broken].map(run => (
        <p key={run} className="jp-StudioDiff-note" role="alert">
          {trans.__(
            '%1: the picture cannot be read.',
            found.find(each => each.run === run)?.name ?? ''
          )}
        </p>
      ))}
      {current === 'side' ? (
        <div className="jp-StudioDiff-pictures">
          {shown.map(item => (
            <figure key={item.run}>
              <figcaption>{item.name}</figcaption>
              <div className="jp-StudioDiff-scroll">{picture(item)}</div>
            </figure>
          ))}
        </div>
      ) : (
        <figure className="jp-StudioDiff-stack">
          <figcaption>
            {current === 'blink'
              ? shown[isSecond ? 1 : 0].name
              : `${shown[0].name} | ${shown[1].name}`}
          </figcaption>
          <div>
            {picture(
              shown[0],
              current === 'blink' && isSecond ? { visibility: 'hidden' } : {}
            )}
            {picture(
              shown[1],
              current === 'slider'
                ? { clipPath: `inset(0 0 0 ${at}%)` }
                : isSecond
                  ? {}
                  : { visibility: 'hidden' }
            )}
          </div>
        </figure>
      )}
    </div>
  );
}

/** Addresses of the pictures, as long as they are shown. */
function useUrls(
  path: string,
  found: readonly ILoaded[]
): ReadonlyMap<string, string> {
  const [urls, setUrls] = useState<ReadonlyMap<string, string>>(new Map());
  useEffect(() => {
    const ending = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
    const type = TYPES[ending] ?? 'image/png';
    const made = new Map<string, string>();
    for (const { run, blob } of found) {
      if (blob) {
        const typed = new Blob([blob], { type });
        made.set(run, URL.createObjectURL(typed));
      }
    }
    setUrls(made);
    return () => made.forEach(url => URL.revokeObjectURL(url));
  }, [path, found]);
  return urls;
}

/** Which of two is shown; they take turns by themselves where the person does not mind what moves. */
function useTurns(isOn: boolean): [boolean, () => void] {
  const [isSecond, setSecond] = useState(false);
  useEffect(() => {
    const still = window.matchMedia?.('(prefers-reduced-motion: reduce)');
    if (!isOn || still?.matches) {
      return;
    }
    const timer = window.setInterval(() => setSecond(now => !now), TURN);
    return () => window.clearInterval(timer);
  }, [isOn]);
  return [isSecond, () => setSecond(now => !now)];
}
