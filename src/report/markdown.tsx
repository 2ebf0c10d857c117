import { marked } from 'marked';
import type { MarkedToken, Token, Tokens } from 'marked';
import React, { Fragment, memo } from 'react';

/** Elements within elements; what is deeper is shown as it is written. */
const DEEPEST = 24;
/** Most stars and underlines: what they embrace is searched for among all of them. */
const MOST_MARKS = 2_000;
/** What a link may begin with. */
const LINKS = ['http:', 'https:', 'mailto:'];

/**
 * Markdown as elements of React. Nothing of a text ever becomes markup: tags
 * are shown as they are written, pictures by what they are called (they would
 * have to be fetched), and links that are no addresses as their words.
 */
export const Markdown = memo(function Markdown(props: {
  text: string;
  className?: string;
}): JSX.Element {
  return <div className={props.className}>{blocksOf(props.text)}</div>;
});

function blocksOf(text: string): React.ReactNode {
  const plain = <p className="jp-mod-plain">{text}</p>;
  if ((text.match(/[*_]/g)?.length ?? 0) > MOST_MARKS) {
    return plain;
  }
  try {
    return drawAll(marked.lexer(text), 0);
  } catch {
    // Nested deeper than the library follows.
    return plain;
  }
}

function drawAll(
  tokens: readonly Token[] | undefined,
  depth: number
): React.ReactNode {
  return tokens?.map((token, index) => (
    <Fragment key={index}>
      {depth > DEEPEST ? token.raw : draw(token as MarkedToken, depth + 1)}
    </Fragment>
  ));
}

function draw(token: MarkedToken, depth: number): React.ReactNode {
  switch (token.type) {
    case 'heading': {
      // The title of the report and of its parts stand above.
      const Heading = `h${Math.min(6, token.depth + 2)}` as 'h3';
      return <Heading>{drawAll(token.tokens, depth)}</Heading>;
    }
    case 'paragraph':
      return <p>{drawAll(token.tokens, depth)}</p>;
    case 'blockquote':
      return <blockquote>{drawAll(token.tokens, depth)}</blockquote>;
    case 'code':
      return (
        <pre tabIndex={0}>
          <code>{token.text}</code>
        </pre>
      );
    case 'list':
      return <List token={token} depth={depth} />;
    case 'table':
      return <Table token={token} depth={depth} />;
    case 'hr':
      return <hr />;
    case 'br':
      return <br />;
    case 'strong':
      return <strong>{drawAll(token.tokens, depth)}</strong>;
    case 'em':
      return <em>{drawAll(token.tokens, depth)}</em>;
    case 'del':
      return <del>{drawAll(token.tokens, depth)}</del>;
    case 'codespan':
      return <code>{token.text}</code>;
    case 'link': {
      const href = withoutEntities(token.href);
      return isAddress(href) ? (
        <a href={href} target="_blank" rel="noopener noreferrer">
          {drawAll(token.tokens, depth)}
        </a>
      ) : (
        drawAll(token.tokens, depth)
      );
    }
    case 'image':
      return (
        <span className="jp-mod-image">
          {withoutEntities(token.text || token.href)}
        </span>
      );
    case 'space':
    case 'def':
      return null;
    case 'html':
      return /^<br\s*\/?>\s*$/i.test(token.raw) ? <br /> : token.raw;
    case 'checkbox':
      return (
        <>
          <input type="checkbox" checked={token.checked} disabled />{' '}
        </>
      );
    case 'list_item':
      return drawAll(token.tokens, depth);
    case 'text':
      return 'tokens' in token && token.tokens
        ? drawAll(token.tokens, depth)
        : withoutEntities(token.text);
    default:
      return withoutEntities(token.text);
  }
}

function List(props: { token: Tokens.List; depth: number }): JSX.Element {
  const { token, depth } = props;
  const items = token.items.map((item, index) => (
    <li key={index}>{drawAll(item.tokens, depth)}</li>
  ));
  return token.ordered ? (
    <ol start={token.start || 1}>{items}</ol>
  ) : (
    <ul>{items}</ul>
  );
}

function Table(props: { token: Tokens.Table; depth: number }): JSX.Element {
  const { token, depth } = props;
  return (
    <table>
      <thead>
        <tr>
          {token.header.map((cell, index) => (
            <th key={index} scope="col">
              {drawAll(cell.tokens, depth)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {token.rows.map((row, at) => (
          <tr key={at}>
            {row.map((cell, index) => (
              <td key={index}>{drawAll(cell.tokens, depth)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Whether a link leads to a page or a person, and does nothing else. */
function isAddress(href: string): boolean {
  try {
    return LINKS.includes(new URL(href).protocol);
  } catch {
    // It belongs to where the text was written.
    return false;
  }
}

/** A text with characters instead of their names (`&amp;`). */
function withoutEntities(text: string): string {
  return text.replace(/&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z]\w{1,31});/gi, name => {
    const node = document.createElement('textarea');
    node.innerHTML = name;
    return node.value;
  });
}
