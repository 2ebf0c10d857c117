/** What charts use of `@jupyterlab/apputils`. */
export namespace Clipboard {
  /** Put a text on the clipboard; where the browser does not allow that to a file, through a selection. */
  export function copyToSystem(text: string): void {
    void navigator.clipboard?.writeText(text).catch(() => bySelection(text));
    if (!navigator.clipboard) {
      bySelection(text);
    }
  }
}

function bySelection(text: string): void {
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}
