import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pathWith, readSearch } from '../src/app/search-names.ts';

describe('what stands in the URL of a page', () => {
  it('is read by its names, and only where it is a text that is not empty', () => {
    const search = { source: 'telegram', cause: '', state: 7, other: 'x', type: null };
    assert.deepEqual(readSearch(search, ['source', 'cause', 'state', 'type', 'absent']), {
      source: 'telegram',
    });
  });

  it('is a query of the call, which has none where nothing is asked', () => {
    assert.equal(pathWith('/api/v1/parked', {}), '/api/v1/parked');
    assert.equal(
      pathWith('/api/v1/parked', { cause: 'crm 503 & more' }),
      '/api/v1/parked?cause=crm+503+%26+more',
    );
  });
});
