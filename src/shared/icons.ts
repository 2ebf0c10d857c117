import { LabIcon } from '@jupyterlab/ui-components';

export function icon(name: string, body: string): LabIcon {
  return new LabIcon({
    name: `studio_ext:${name}`,
    svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">${body}</svg>`
  });
}

/** The sign of the side bar panel: a bench with three rising bars. */
export const studioIcon = icon(
  'studio',
  '<g class="jp-icon3" fill="#616161"><path d="M3 19h18v2H3z"/><rect x="4" y="12" width="4" height="5" rx="1"/><rect x="10" y="8" width="4" height="9" rx="1"/><rect x="16" y="3" width="4" height="14" rx="1"/></g>'
);

/** A notebook page that is sent off. */
export const runAsJobIcon = icon(
  'run-as-job',
  '<g class="jp-icon3" fill="#616161"><path d="M6 2h9a2 2 0 0 1 2 2v5h-2V4H6v16h5v2H6a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2z"/><path d="M8 7h5v1.6H8zM8 10.5h4v1.6H8z"/><path d="M13 12.2v9.6l8-4.8z"/></g>'
);

/** Lines of a log. */
export const logIcon = icon(
  'log',
  '<path class="jp-icon3" fill="#616161" d="M4 5h16v2H4zm0 4h11v2H4zm0 4h16v2H4zm0 4h8v2H4z"/>'
);

/** A flask: an experiment. */
export const experimentIcon = icon(
  'experiment',
  '<path class="jp-icon3" fill="#616161" d="M9 3h6v2h-1v4.3l5.3 9A1.8 1.8 0 0 1 17.7 21H6.3a1.8 1.8 0 0 1-1.6-2.7L10 9.3V5H9V3zm3 7.4-3.2 5.4h6.4L12 10.4z"/>'
);

/** A trial: one page of the record, with its curve. */
export const trialIcon = icon(
  'trial',
  '<path class="jp-icon3" fill="#616161" d="M5 3h14v18H5V3zm2 2v14h10V5H7zm1.5 10.7 2.6-4.2 2.1 2 2.4-5 1.3.7-3.3 6.7-2.2-2.1-1.7 2.7z"/>'
);

/** A job: a box of work in motion. */
export const jobIcon = icon(
  'job',
  '<path class="jp-icon3" fill="#616161" d="M4 4h16v16H4V4zm2 2v12h12V6H6zm4 2.5v7l6-3.5-6-3.5z"/>'
);

/** A picture in its frame. */
export const pictureIcon = icon(
  'picture',
  '<path class="jp-icon3" fill="#616161" d="M3 4h18v16H3V4zm2 2v12h14V6H5zm1 11 4-6 3 4 2-2.5 3 4.5H6zM15.5 8a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3z"/>'
);

/** Values as a table. */
export const tableIcon = icon(
  'table',
  '<path class="jp-icon3" fill="#616161" d="M3 4h18v16H3V4zm2 6v3h6v-3H5zm8 0v3h6v-3h-6zm-8 5v3h6v-3H5zm8 0v3h6v-3h-6z"/>'
);

/** A pin: something stays in sight. */
export const pinIcon = icon(
  'pin',
  '<path class="jp-icon3" fill="#616161" d="M8 3h8v2l-1 1v5l3 3v2h-5v5l-1 2-1-2v-5H6v-2l3-3V6L8 5z"/>'
);

/** A funnel: only some. */
export const conditionsIcon = icon(
  'conditions',
  '<path class="jp-icon3" fill="#616161" d="M3 5h18v2.2l-7 7V21l-4-2v-4.8l-7-7V5z"/>'
);

/** Two lines that part: trials side by side. */
export const compareIcon = icon(
  'compare',
  '<path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M3 3h2v16h16v2H3V3zm4 12.6 4-5.2 3.4 2.4L19.6 5l1.7 1.1-6.3 9.6-3.5-2.5-2.9 3.7zm0-6.9 3.3-3.4 4.2 3.6-1.3 1.5-2.8-2.4-2 2.1z"/>'
);

/** An eye: something is drawn. */
export const shownIcon = icon(
  'shown',
  '<path class="jp-icon3" fill="#616161" d="M12 5c5 0 9 4 10.5 7C21 15 17 19 12 19S3 15 1.5 12C3 9 7 5 12 5zm0 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zm0 2.2a2.3 2.3 0 1 1 0 4.6 2.3 2.3 0 0 1 0-4.6z"/>'
);

/** An eye that is struck out: something is not drawn. */
export const hiddenIcon = icon(
  'hidden',
  '<path class="jp-icon3" fill="#616161" d="m3.3 2 18.7 18.7-1.3 1.3-3.7-3.6A11 11 0 0 1 12 19C7 19 3 15 1.5 12a15 15 0 0 1 4-4.7L2 3.3 3.3 2zM7 8.7A12 12 0 0 0 3.9 12c1.6 2.6 4.7 5 8.1 5 1.2 0 2.4-.3 3.5-.8l-1.7-1.7A3.2 3.2 0 0 1 9.5 10.2L7 8.7zM12 5c5 0 9 4 10.5 7a15 15 0 0 1-2.9 3.8l-1.4-1.4A12 12 0 0 0 20.1 12C18.5 9.4 15.4 7 12 7c-.9 0-1.8.2-2.6.4L7.9 5.8C9.2 5.3 10.5 5 12 5z"/>'
);

/** Two pages held against each other. */
export const diffIcon = icon(
  'diff',
  '<path class="jp-icon3" fill="#616161" d="M3 3h8v18H3V3zm2 2v14h4V5H5zm8-2h8v18h-8V3zm2 2v14h4V5h-4zm.7 3.2h2.6v1.6h-2.6zm0 4.2h2.6V14h-2.6zM5.7 8.2h2.6v1.6H5.7z"/>'
);

/** A box with a mark: a registered model. */
export const modelIcon = icon(
  'model',
  '<path class="jp-icon3" fill="#616161" d="m12 2 9 5v10l-9 5-9-5V7l9-5zm0 2.3L6.1 7.6 12 10.9l5.9-3.3L12 4.3zM5 9.3v6.5l6 3.4v-6.6L5 9.3zm14 0-6 3.3v6.6l6-3.4V9.3z"/>'
);

/** One thing that came from two: lineage. */
export const lineageIcon = icon(
  'lineage',
  '<path class="jp-icon3" fill="#616161" d="M5 3a3 3 0 0 1 2.8 2H10a4 4 0 0 1 4 4v2h2.2a3 3 0 1 1 0 2H14v2a4 4 0 0 1-4 4H7.8a3 3 0 1 1 0-2H10a2 2 0 0 0 2-2V9a2 2 0 0 0-2-2H7.8A3 3 0 1 1 5 3z"/>'
);
