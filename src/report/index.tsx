import React from 'react';
import { createRoot } from 'react-dom/client';
import type { ViewReport } from '../contract';
import { drawEverything } from './everything';
import { ReportView } from './reportView';
import { followTheme } from './theme';

drawEverything();
followTheme(document.body);
createRoot(document.getElementById('report')!).render(
  <ReportView
    report={
      JSON.parse(document.getElementById('data')!.textContent!) as ViewReport
    }
  />
);
