import { addIcon, MenuSvg, ToolbarButton } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';

/** A toolbar button that opens a menu of commands below itself. */
export function createMenuButton(options: {
  commands: CommandRegistry;
  items: readonly string[];
  label: string;
  tooltip: string;
}): ToolbarButton {
  const menu = new MenuSvg({ commands: options.commands });
  for (const command of options.items) {
    menu.addItem({ command });
  }
  const button = new ToolbarButton({
    icon: addIcon,
    label: options.label,
    tooltip: options.tooltip,
    onClick: () => {
      const { left, bottom } = button.node.getBoundingClientRect();
      menu.open(left, bottom);
    }
  });
  button.disposed.connect(() => menu.dispose());
  return button;
}
